/**
 * Runs as points between two axes, where asked with a surface behind them.
 *
 * The arrow keys go from point to point, Enter selects, 0 shows all again.
 */

import { type KeyboardEvent, type ReactElement, useMemo, useState } from 'react';

import { formatCell, formatDuration } from '../format';
import { type Cell, reader } from '../columns';
import { useLab } from '../lab';
import type { RunRow } from '../wire';
import type { IAxis } from './frame';
import { CELLS, type ISurface, surfaceOf } from './contour';
import { paintRing, paintSpot } from './paintSpots';
import { paintSurface } from './paintSurface';
import { type IPoint, type IZoom, type Paint, Plot } from './Plot';
import { Readout } from './Readout';
import type { Scale } from './scale';
import { inOrder, pointAt, pointsOf } from './spots';

export interface IScatterAxis {
  column: string;
  title: string;
  scale: Scale;
  /** Whether its numbers are seconds. */
  seconds: boolean;
}

export interface IScatterProps {
  rows: readonly RunRow[];
  /** Ids of the runs in question; null if all are. */
  among: ReadonlySet<string> | null;
  x: IScatterAxis;
  y: IScatterAxis;
  colourOf: (row: RunRow) => string;
  /** Whether states are told by shapes. */
  shapes?: boolean;
  /** How good a value is, from 0 to 1, for a surface; without it there is none. */
  surface?: ((value: number) => number) | null;
  focus: string | null;
  onFocus: (run: string | null) => void;
  onSelect: (run: string, more: boolean) => void;
  onOpen: (run: string) => void;
  /** What else is said of a run: titles with values. */
  told: (row: RunRow) => readonly (readonly [string, Cell])[];
}

const REACH = 14;
/** From so many points on, each is drawn smaller. */
const MANY = 500;

export function ScatterChart(props: IScatterProps): ReactElement {
  const { rows, among, x, y, colourOf, focus, surface = null, shapes = false } = props;
  const { trans } = useLab();
  const [pointer, setPointer] = useState<IPoint | null>(null);
  const [zoom, setZoom] = useState<IZoom | null>(null);
  const across = useMemo<IAxis>(
    () => ({ ...x, scale: zoomed(x.scale, zoom?.x ?? null) }),
    [x, zoom]
  );
  const up = useMemo<IAxis>(() => ({ ...y, scale: zoomed(y.scale, zoom?.y ?? null) }), [y, zoom]);
  const points = useMemo(
    () =>
      pointsOf(
        rows,
        { column: x.column, scale: across.scale },
        { column: y.column, scale: up.scale }
      ),
    [rows, x.column, across.scale, y.column, up.scale]
  );
  const ground = useMemo<ISurface | null>(() => {
    if (surface === null) {
      return null;
    }
    const side = (scale: Scale) =>
      scale.kind === 'category'
        ? { cells: scale.values.length, smooth: false }
        : { cells: CELLS, smooth: true };
    const spots = points.rows.flatMap((row, index) =>
      row.value === null || (among !== null && !among.has(row.id))
        ? []
        : [{ x: points.x[index], y: points.y[index], value: surface(row.value) }]
    );
    return surfaceOf(spots, side(across.scale), side(up.scale));
  }, [points, among, surface, across.scale, up.scale]);
  const paint = useMemo<Paint>(
    () => (context, frame, colours) => {
      if (ground !== null) {
        const smooth = {
          x: across.scale.kind !== 'category',
          y: up.scale.kind !== 'category'
        };
        paintSurface(context, frame, ground, smooth, colours);
      }
      const dense = points.rows.length > MANY;
      for (const front of [false, true]) {
        points.rows.forEach((row, index) => {
          if ((among === null || among.has(row.id)) === front) {
            paintSpot(context, frame, points.x[index], points.y[index], {
              colour: front ? colourOf(row) : colours.quiet,
              shape: shapes ? row.state : 'finished',
              size: dense ? 2 : 3.5,
              alpha: front ? (dense ? 0.6 : 0.9) : 0.2,
              edge: ground === null || dense ? null : colours.page
            });
          }
        });
      }
    },
    [points, among, colourOf, shapes, ground, across.scale, up.scale]
  );
  const at = points.rows.findIndex(row => row.id === focus);
  const paintOver = useMemo<Paint>(
    () => (context, frame, colours) => {
      if (at >= 0) {
        const colour = colourOf(points.rows[at]);
        paintRing(context, frame, points.x[at], points.y[at], colour, colours);
      }
    },
    [points, at, colourOf]
  );
  const order = useMemo(() => inOrder(points), [points]);
  const onHover = (point: IPoint | null) => {
    setPointer(point);
    if (point === null) {
      props.onFocus(null);
      return;
    }
    const { left, right, top, bottom } = point.frame;
    const size = { width: right - left, height: bottom - top };
    const place = { x: (point.left - left) / size.width, y: (bottom - point.top) / size.height };
    const near = pointAt(points, place, size, REACH);
    props.onFocus(near < 0 ? null : points.rows[near].id);
  };
  const place = order.indexOf(at);
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: place + 1,
      ArrowUp: place + 1,
      ArrowLeft: place - 1,
      ArrowDown: place - 1,
      Home: 0,
      End: order.length - 1
    };
    if (event.key in moves && order.length > 0) {
      const next = Math.max(0, Math.min(order.length - 1, moves[event.key]));
      props.onFocus(points.rows[order[next]].id);
    } else if ((event.key === 'Enter' || event.key === ' ') && focus !== null) {
      props.onSelect(focus, event.ctrlKey || event.metaKey || event.key === ' ');
    } else if (event.key === '0') {
      setZoom(null);
    } else if (event.key === 'Escape') {
      props.onFocus(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  const row = at < 0 ? null : points.rows[at];
  const told = row === null ? [] : saidOf(row, props);
  return (
    <Plot
      label={trans._n(
        '%1 run by %2 and %3',
        '%1 runs by %2 and %3',
        points.rows.length,
        x.title,
        y.title
      )}
      reading={{
        text:
          row === null
            ? ''
            : [trans.__('run %1', row.number), ...told.map(each => each.join(' '))].join(', '),
        place: Math.max(0, place),
        last: Math.max(0, order.length - 1)
      }}
      x={across}
      y={up}
      paint={paint}
      paintOver={paintOver}
      onHover={onHover}
      onPick={(_, event) => {
        if (focus !== null) {
          props.onSelect(focus, event.ctrlKey || event.metaKey || event.shiftKey);
        }
      }}
      onOpen={() => (focus === null ? setZoom(null) : props.onOpen(focus))}
      onZoom={chosen => setZoom(merged(zoom, chosen, x.scale, y.scale))}
      onKeyDown={onKeyDown}
    >
      {row !== null && pointer !== null && (
        <Readout
          title={trans.__('run %1', row.number)}
          left={pointer.left}
          top={pointer.frame.top}
          width={pointer.frame.width}
          rows={told.map(([label, value]) => ({ key: label, colour: null, label, value }))}
        />
      )}
    </Plot>
  );
}

function saidOf(row: RunRow, { x, y, told }: IScatterProps): [string, string][] {
  const read = ({ column, seconds }: IScatterAxis): Cell => {
    const value = reader(column)(row);
    return seconds && typeof value === 'number' ? formatDuration(value) : value;
  };
  const all: (readonly [string, Cell])[] = [[x.title, read(x)], [y.title, read(y)], ...told(row)];
  // What is an axis already is not said twice.
  return [...new Map(all)].map(([title, value]) => [title, formatCell(value)]);
}

function zoomed(scale: Scale, range: readonly [number, number] | null): Scale {
  return range === null || scale.kind === 'category'
    ? scale
    : { ...scale, low: range[0], high: range[1] };
}

/** A zoom into a zoom; categories are always shown all. */
function merged(before: IZoom | null, zoom: IZoom | null, x: Scale, y: Scale): IZoom | null {
  if (zoom === null) {
    return null;
  }
  return {
    x: x.kind === 'category' ? null : (zoom.x ?? before?.x ?? null),
    y: y.kind === 'category' ? null : (zoom.y ?? before?.y ?? null)
  };
}
