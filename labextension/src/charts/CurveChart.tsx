/**
 * One metric of some runs as lines, over the band of many runs.
 *
 * The arrow keys move along the axis and between runs, Enter selects, + and - zoom, 0 resets the
 * zoom.
 */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  useMemo,
  useState
} from 'react';

import { digitsFor, formatDuration, formatNumber } from '../format';
import { usePanelContext } from '../components/context';
import type { Band } from '../api/schemas';
import { yScale, xExtent } from './curveExtents';
import type { IAxis } from './plotArea';
import { type ISeries, type ISample, nearestSample, samplesAt } from './series';
import { lineStyleFor, drawBand, drawDot, drawFocused, drawSeries } from './drawSeries';
import { type IPointerPosition, type IZoom, type DrawFunction, Plot } from './Plot';
import { Tooltip } from './Tooltip';
import type { INumberScale } from './scale';

/** The x axis of all curves. */
export interface IXAxis {
  title: string;
  isTime: boolean;
  /** Whether it has whole numbers only. */
  isInteger: boolean;
  isLog: boolean;
}

export interface ICurveChartProps {
  /** The logged key that is drawn. */
  name: string;
  series: readonly ISeries[];
  band?: Band | null;
  /** Whether to draw the band's least and greatest values as well. */
  showRange?: boolean;
  xAxis: IXAxis;
  isLog?: boolean;
  maximize?: boolean;
  /** The x at which all charts of a view show their values. */
  cursor: number | null;
  onCursor: (x: number | null) => void;
  /** The visible range of x, shared by all charts of a view. */
  range: readonly [number, number] | null;
  onRange: (range: readonly [number, number] | null) => void;
  focus: string | null;
  onFocus: (run: string | null) => void;
  onSelect: (run: string, isAdditive: boolean) => void;
  /** Undo the effect of `onSelect`: its click was the first of a double click. */
  onUndoSelect?: () => void;
}

/** Pixels from a line within which the pointer snaps to it. */
const SNAP_DISTANCE = 16;
const KEY_STEPS = 50;
const KEY_ZOOM = 1.5;

export function CurveChart(props: ICurveChartProps): ReactElement {
  const { series, xAxis, band = null, cursor, focus, isLog = false, maximize = false } = props;
  const { trans } = usePanelContext();
  const [pointer, setPointer] = useState<IPointerPosition | null>(null);
  const [height, setHeight] = useState<readonly [number, number] | null>(null);
  const fullRange = useMemo(() => xExtent(series, band, xAxis.isLog), [series, band, xAxis.isLog]);
  const [rangeStart, to] = props.range ?? fullRange;
  const from = xAxis.isLog ? Math.max(rangeStart, fullRange[0]) : rangeStart;
  const x = useMemo<IAxis>(
    () => ({
      scale: {
        kind: xAxis.isLog ? 'log' : 'linear',
        low: from,
        high: to,
        isInteger: xAxis.isInteger
      },
      title: xAxis.title,
      isTime: xAxis.isTime
    }),
    [xAxis.isLog, xAxis.title, xAxis.isTime, xAxis.isInteger, from, to]
  );
  const y = useMemo<IAxis>(
    () => ({ scale: yScale(series, band, props.showRange, [from, to], height, isLog), title: '' }),
    [series, band, props.showRange, from, to, height, isLog]
  );
  const { showRange = false } = props;
  const draw = useMemo<DrawFunction>(
    () => (context, frame, colors) => {
      if (band !== null) {
        drawBand(context, frame, band, showRange, colors);
      }
      const look = lineStyleFor(series.length);
      series.forEach(line => drawSeries(context, frame, line, look));
    },
    [series, band, showRange]
  );
  const samples = useMemo(
    () => (cursor === null ? [] : samplesAt(series, cursor, maximize)),
    [series, cursor, maximize]
  );
  const drawOverlay = useMemo<DrawFunction>(
    () => (context, frame, colors) => {
      const line = series.find(line => line.id === focus);
      if (line !== undefined && (series.length > 1 || band !== null)) {
        drawFocused(context, frame, line, colors);
      }
      if (cursor === null) {
        return;
      }
      context.strokeStyle = colors.muted;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(frame.x(cursor)) + 0.5, frame.top);
      context.lineTo(Math.round(frame.x(cursor)) + 0.5, frame.bottom);
      context.stroke();
      for (const { series, index, value } of samples) {
        if (samples.length <= 12 || series.id === focus) {
          const size = series.id === focus ? 4.5 : 3;
          drawDot(context, frame.x(series.x[index]), frame.y(value), size, series.color, colors);
        }
      }
    },
    [series, band, samples, cursor, focus]
  );

  const onHover = (point: IPointerPosition | null) => {
    setPointer(point);
    if (point === null) {
      props.onCursor(null);
      props.onFocus(null);
      return;
    }
    const { area, top } = point;
    const x = xAxis.isInteger ? Math.round(point.x) : point.x;
    props.onCursor(x);
    const samplesAtPointer = samplesAt(series, x, maximize);
    const nearest = nearestSample(
      samplesAtPointer,
      value => Math.abs(area.y(value) - top),
      SNAP_DISTANCE
    );
    props.onFocus(nearest?.series.id ?? null);
  };
  const onPick = (_: IPointerPosition, event: PointerEvent) => {
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
  const step = xAxis.isInteger
    ? Math.max(1, Math.round((to - from) / KEY_STEPS))
    : (to - from) / KEY_STEPS;
  const position = cursor ?? from;
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: position + step,
      ArrowLeft: position - step,
      Home: from,
      End: to
    };
    const focusSteps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };
    if (event.key in moves) {
      props.onCursor(Math.max(from, Math.min(to, moves[event.key])));
    } else if (event.key in focusSteps) {
      props.onFocus(neighborSample(samples, focus, focusSteps[event.key]));
    } else if (event.key === 'Enter' || event.key === ' ') {
      if (focus !== null) {
        props.onSelect(focus, event.ctrlKey || event.metaKey || event.key === ' ');
      }
    } else if (event.key === '+' || event.key === '-') {
      const half = ((to - from) / 2) * (event.key === '+' ? 1 / KEY_ZOOM : KEY_ZOOM);
      const range = [
        Math.max(fullRange[0], position - half),
        Math.min(fullRange[1], position + half)
      ] as const;
      props.onRange(range[0] <= fullRange[0] && range[1] >= fullRange[1] ? null : range);
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
  const formatValue = (value: number) => formatNumber(value, digits);
  const scale = y.scale as INumberScale;
  const digits = digitsFor(scale.low, scale.high);
  const positionText = xAxis.isTime
    ? formatDuration(position)
    : `${xAxis.title} ${formatNumber(position)}`;
  const sampleTexts = samples.map(
    ({ series, value }) => `${trans.__('run %1', series.number)}: ${formatValue(value)}`
  );
  const spokenTexts = sampleTexts.slice(0, 5);
  const focused = samples.findIndex(sample => sample.series.id === focus);
  if (focused >= spokenTexts.length) {
    spokenTexts.push(sampleTexts[focused]);
  }
  return (
    <Plot
      label={trans._n(
        '%2 of %1 run over %3, from %4 to %5',
        '%2 of %1 runs over %3, from %4 to %5',
        series.length,
        props.name,
        xAxis.title,
        formatValue(scale.low),
        formatValue(scale.high)
      )}
      ariaValue={{
        text: [positionText, ...spokenTexts].join(', '),
        place: Math.max(0, Math.round((position - from) / step)),
        last: Math.max(1, Math.round((to - from) / step))
      }}
      x={x}
      y={y}
      draw={draw}
      drawOverlay={drawOverlay}
      onHover={onHover}
      onPick={onPick}
      onOpen={() => {
        props.onUndoSelect?.();
        onZoom(null);
      }}
      onZoom={onZoom}
      onKeyDown={onKeyDown}
    >
      {pointer !== null && cursor !== null && samples.length > 0 && (
        <Tooltip
          title={positionText}
          left={pointer.left}
          top={pointer.area.top}
          width={pointer.area.width}
          rows={samples.map(({ series, value }) => ({
            key: series.id,
            color: series.color,
            label: trans.__('run %1', series.number),
            value: formatValue(value),
            isHighlighted: series.id === focus
          }))}
        />
      )}
    </Plot>
  );
}

/** The next run above or below, in order of value. */
function neighborSample(
  samples: readonly ISample[],
  focus: string | null,
  by: number
): string | null {
  if (samples.length === 0) {
    return null;
  }
  const index = samples.findIndex(sample => sample.series.id === focus);
  const next = index < 0 ? (by > 0 ? 0 : samples.length - 1) : index + by;
  return samples[Math.max(0, Math.min(samples.length - 1, next))].series.id;
}
