/**
 * One metric of some runs as lines, over the band of many.
 *
 * The arrow keys go along the axis and from run to run, Enter selects, + and - zoom, 0 shows all.
 */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  useMemo,
  useState
} from 'react';

import { digitsFor, formatDuration, formatNumber } from '../format';
import { useLab } from '../lab';
import type { Band } from '../wire';
import { heightScale, rangeOf } from './curveScales';
import type { IAxis } from './frame';
import { type ILine, type IReading, nearestReading, readings } from './lines';
import { lookOf, paintBand, paintDot, paintFocus, paintLine } from './paintLines';
import { type IPoint, type IZoom, type Paint, Plot } from './Plot';
import { Readout } from './Readout';
import type { INumberScale } from './scale';

/** What the axis of all curves is. */
export interface IAcross {
  title: string;
  seconds: boolean;
  /** Whether it has whole numbers only. */
  whole: boolean;
  log: boolean;
}

export interface ICurveChartProps {
  /** What is drawn: the key as it was logged. */
  name: string;
  lines: readonly ILine[];
  band?: Band | null;
  /** Whether the band's least and greatest values are drawn, too. */
  whole?: boolean;
  across: IAcross;
  log?: boolean;
  maximize?: boolean;
  /** The x that all charts of a view are read at. */
  cursor: number | null;
  onCursor: (x: number | null) => void;
  /** From where to where all charts of a view are shown. */
  range: readonly [number, number] | null;
  onRange: (range: readonly [number, number] | null) => void;
  focus: string | null;
  onFocus: (run: string | null) => void;
  onSelect: (run: string, more: boolean) => void;
}

/** Pixels from a line that still mean it. */
const REACH = 16;
const KEY_STEPS = 50;
const KEY_ZOOM = 1.5;

export function CurveChart(props: ICurveChartProps): ReactElement {
  const { lines, across, band = null, cursor, focus, log = false, maximize = false } = props;
  const { trans } = useLab();
  const [pointer, setPointer] = useState<IPoint | null>(null);
  const [height, setHeight] = useState<readonly [number, number] | null>(null);
  const all = useMemo(() => rangeOf(lines, band, across.log), [lines, band, across.log]);
  const [begin, to] = props.range ?? all;
  const from = across.log ? Math.max(begin, all[0]) : begin;
  const x = useMemo<IAxis>(
    () => ({
      scale: { kind: across.log ? 'log' : 'linear', low: from, high: to, whole: across.whole },
      title: across.title,
      seconds: across.seconds
    }),
    [across.log, across.title, across.seconds, across.whole, from, to]
  );
  const y = useMemo<IAxis>(
    () => ({ scale: heightScale(lines, band, props.whole, [from, to], height, log), title: '' }),
    [lines, band, props.whole, from, to, height, log]
  );
  const { whole = false } = props;
  const paint = useMemo<Paint>(
    () => (context, frame, colours) => {
      if (band !== null) {
        paintBand(context, frame, band, whole, colours);
      }
      const look = lookOf(lines.length);
      lines.forEach(line => paintLine(context, frame, line, look));
    },
    [lines, band, whole]
  );
  const found = useMemo(
    () => (cursor === null ? [] : readings(lines, cursor, maximize)),
    [lines, cursor, maximize]
  );
  const paintOver = useMemo<Paint>(
    () => (context, frame, colours) => {
      const line = lines.find(each => each.run === focus);
      if (line !== undefined && (lines.length > 1 || band !== null)) {
        paintFocus(context, frame, line, colours);
      }
      if (cursor === null) {
        return;
      }
      context.strokeStyle = colours.quiet;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(frame.x(cursor)) + 0.5, frame.top);
      context.lineTo(Math.round(frame.x(cursor)) + 0.5, frame.bottom);
      context.stroke();
      for (const { line, index, value } of found) {
        if (found.length <= 12 || line.run === focus) {
          const size = line.run === focus ? 4.5 : 3;
          paintDot(context, frame.x(line.x[index]), frame.y(value), size, line.colour, colours);
        }
      }
    },
    [lines, band, found, cursor, focus]
  );

  const onHover = (point: IPoint | null) => {
    setPointer(point);
    if (point === null) {
      props.onCursor(null);
      props.onFocus(null);
      return;
    }
    const { frame, top } = point;
    const at = across.whole ? Math.round(point.x) : point.x;
    props.onCursor(at);
    const there = readings(lines, at, maximize);
    const near = nearestReading(there, value => Math.abs(frame.y(value) - top), REACH);
    props.onFocus(near?.line.run ?? null);
  };
  const onPick = (_: IPoint, event: PointerEvent) => {
    if (focus !== null) {
      props.onSelect(focus, event.ctrlKey || event.metaKey || event.shiftKey);
    }
  };
  const onZoom = (zoom: IZoom | null) => {
    if (zoom?.x !== null) {
      props.onRange(zoom?.x ?? null);
    }
    setHeight(zoom?.y ?? null);
    setPointer(null);
    props.onCursor(null);
  };
  const step = across.whole
    ? Math.max(1, Math.round((to - from) / KEY_STEPS))
    : (to - from) / KEY_STEPS;
  const place = cursor ?? from;
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: place + step,
      ArrowLeft: place - step,
      Home: from,
      End: to
    };
    const turns: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };
    if (event.key in moves) {
      props.onCursor(Math.max(from, Math.min(to, moves[event.key])));
    } else if (event.key in turns) {
      props.onFocus(neighbour(found, focus, turns[event.key]));
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (focus !== null) {
        props.onSelect(focus, event.ctrlKey || event.metaKey || event.key === ' ');
      }
    } else if (event.key === '+' || event.key === '-') {
      const half = ((to - from) / 2) * (event.key === '+' ? 1 / KEY_ZOOM : KEY_ZOOM);
      const range = [Math.max(all[0], place - half), Math.min(all[1], place + half)] as const;
      props.onRange(range[0] <= all[0] && range[1] >= all[1] ? null : range);
    } else if (event.key === '0') {
      onZoom(null);
    } else if (event.key === 'Escape') {
      props.onCursor(null);
      props.onFocus(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  const show = (value: number) => formatNumber(value, digits);
  const scale = y.scale as INumberScale;
  const digits = digitsFor(scale.low, scale.high);
  const at = across.seconds ? formatDuration(place) : `${across.title} ${formatNumber(place)}`;
  const said = found.map(
    ({ line, value }) => `${trans.__('run %1', line.number)}: ${show(value)}`
  );
  const spoken = said.slice(0, 5);
  const focused = found.findIndex(each => each.line.run === focus);
  if (focused >= spoken.length) {
    spoken.push(said[focused]);
  }
  return (
    <Plot
      label={trans._n(
        '%2 of %1 run over %3, from %4 to %5',
        '%2 of %1 runs over %3, from %4 to %5',
        lines.length,
        props.name,
        across.title,
        show(scale.low),
        show(scale.high)
      )}
      reading={{
        text: [at, ...spoken].join(', '),
        place: Math.max(0, Math.round((place - from) / step)),
        last: Math.max(1, Math.round((to - from) / step))
      }}
      x={x}
      y={y}
      paint={paint}
      paintOver={paintOver}
      onHover={onHover}
      onPick={onPick}
      onZoom={onZoom}
      onKeyDown={onKeyDown}
    >
      {pointer !== null && cursor !== null && found.length > 0 && (
        <Readout
          title={at}
          left={pointer.left}
          top={pointer.frame.top}
          width={pointer.frame.width}
          rows={found.map(({ line, value }) => ({
            key: line.run,
            colour: line.colour,
            label: trans.__('run %1', line.number),
            value: show(value),
            strong: line.run === focus
          }))}
        />
      )}
    </Plot>
  );
}

/** The run above or below in the order of values. */
function neighbour(found: readonly IReading[], focus: string | null, by: number): string | null {
  if (found.length === 0) {
    return null;
  }
  const at = found.findIndex(each => each.line.run === focus);
  const next = at < 0 ? (by > 0 ? 0 : found.length - 1) : at + by;
  return found[Math.max(0, Math.min(found.length - 1, next))].line.run;
}
