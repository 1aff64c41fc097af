/**
 * A scatter chart, optionally over an interpolated surface.
 *
 * The arrow keys move between points, Enter selects, 0 resets the zoom.
 */

import { type KeyboardEvent, type ReactElement, useMemo, useState } from 'react';

import { formatCell, formatDuration } from '../format';
import type { Cell } from '../format';
import { usePanelContext } from '../components/context';
import type { IAxis } from './plotArea';
import { GRID_CELLS, type ISurface, interpolate } from './interpolation';
import { drawFocusRing, drawLine, drawPoint } from './drawPoints';
import { drawSurface } from './drawSurface';
import { type IPointerPosition, type IZoom, type DrawFunction, Plot } from './Plot';
import { Tooltip } from './Tooltip';
import type { Scale } from './scale';
import { type IDatum, readingOrder, nearestPoint, toPoints } from './points';

export interface IScatterAxis {
  title: string;
  scale: Scale;
  /** Whether its values are seconds. */
  isTime: boolean;
}

export interface IScatterChartProps {
  data: readonly IDatum[];
  /** The ids of the emphasized points; null means all. */
  included: ReadonlySet<string> | null;
  x: IScatterAxis;
  y: IScatterAxis;
  /** Maps a value to its quality, from 0 to 1, for the surface; if missing, no surface is drawn. */
  surfaceValue?: ((value: number) => number) | null;
  /** A line under the points, by its values on both axes. */
  line?: readonly (readonly [number, number])[];
  focus: string | null;
  onFocus: (run: string | null) => void;
  onSelect: (run: string, isAdditive: boolean) => void;
  onOpen: (run: string) => void;
  /** Additional details of a point, as pairs of title and value. */
  details: (datum: IDatum) => readonly (readonly [string, Cell])[];
}

const SNAP_DISTANCE = 14;
/** From this many points on, each is drawn smaller. */
const MANY_POINTS = 500;

export function ScatterChart(props: IScatterChartProps): ReactElement {
  const { data, included, x, y, focus, surfaceValue = null, line } = props;
  const { trans } = usePanelContext();
  const [pointer, setPointer] = useState<IPointerPosition | null>(null);
  const [zoom, setZoom] = useState<IZoom | null>(null);
  const xAxis = useMemo<IAxis>(
    () => ({ ...x, scale: zoomScale(x.scale, zoom?.x ?? null) }),
    [x, zoom]
  );
  const yAxis = useMemo<IAxis>(
    () => ({ ...y, scale: zoomScale(y.scale, zoom?.y ?? null) }),
    [y, zoom]
  );
  const points = useMemo(
    () => toPoints(data, xAxis.scale, yAxis.scale),
    [data, xAxis.scale, yAxis.scale]
  );
  const interpolated = useMemo<ISurface | null>(() => {
    if (surfaceValue === null) {
      return null;
    }
    const gridAxis = (scale: Scale) =>
      scale.kind === 'category'
        ? { cells: scale.values.length, isContinuous: false }
        : { cells: GRID_CELLS, isContinuous: true };
    const samples = points.data.flatMap((datum, index) =>
      datum.value === null || (included !== null && !included.has(datum.id))
        ? []
        : [{ x: points.x[index], y: points.y[index], value: surfaceValue(datum.value) }]
    );
    return interpolate(samples, gridAxis(xAxis.scale), gridAxis(yAxis.scale));
  }, [points, included, surfaceValue, xAxis.scale, yAxis.scale]);
  const draw = useMemo<DrawFunction>(
    () => (context, frame, colors) => {
      if (interpolated !== null) {
        const smooth = {
          x: xAxis.scale.kind !== 'category',
          y: yAxis.scale.kind !== 'category'
        };
        drawSurface(context, frame, interpolated, smooth, colors);
      }
      if (line !== undefined) {
        drawLine(context, frame, line, colors.brand);
      }
      const dense = points.data.length > MANY_POINTS;
      for (const isIncluded of [false, true]) {
        points.data.forEach((datum, index) => {
          if ((included === null || included.has(datum.id)) === isIncluded) {
            drawPoint(context, frame, points.x[index], points.y[index], {
              color: isIncluded ? datum.color : colors.muted,
              shape: datum.shape,
              size: dense ? 2 : 3.5,
              alpha: isIncluded ? (dense ? 0.6 : 0.9) : 0.2,
              edge: interpolated === null || dense ? null : colors.background
            });
          }
        });
      }
    },
    [points, included, interpolated, line, xAxis.scale, yAxis.scale]
  );
  const focusIndex = points.data.findIndex(datum => datum.id === focus);
  const drawOverlay = useMemo<DrawFunction>(
    () => (context, frame, colors) => {
      if (focusIndex >= 0) {
        const { color } = points.data[focusIndex];
        drawFocusRing(context, frame, points.x[focusIndex], points.y[focusIndex], color, colors);
      }
    },
    [points, focusIndex]
  );
  const order = useMemo(() => readingOrder(points), [points]);
  const onHover = (point: IPointerPosition | null) => {
    setPointer(point);
    if (point === null) {
      props.onFocus(null);
      return;
    }
    const { left, right, top, bottom } = point.area;
    const size = { width: right - left, height: bottom - top };
    const position = {
      x: (point.left - left) / size.width,
      y: (bottom - point.top) / size.height
    };
    const nearest = nearestPoint(points, position, size, SNAP_DISTANCE);
    props.onFocus(nearest < 0 ? null : points.data[nearest].id);
  };
  const orderIndex = order.indexOf(focusIndex);
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: orderIndex + 1,
      ArrowUp: orderIndex + 1,
      ArrowLeft: orderIndex - 1,
      ArrowDown: orderIndex - 1,
      Home: 0,
      End: order.length - 1
    };
    if (event.key in moves && order.length > 0) {
      const next = Math.max(0, Math.min(order.length - 1, moves[event.key]));
      props.onFocus(points.data[order[next]].id);
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
  const datum = focusIndex < 0 ? null : points.data[focusIndex];
  const details = datum === null ? [] : detailTexts(datum, props);
  return (
    <Plot
      label={trans._n(
        '%1 run by %2 and %3',
        '%1 runs by %2 and %3',
        points.data.length,
        x.title,
        y.title
      )}
      ariaValue={{
        text:
          datum === null
            ? ''
            : [trans.__('run %1', datum.number), ...details.map(detail => detail.join(' '))].join(
                ', '
              ),
        place: Math.max(0, orderIndex),
        last: Math.max(0, order.length - 1)
      }}
      x={xAxis}
      y={yAxis}
      draw={draw}
      drawOverlay={drawOverlay}
      onHover={onHover}
      onPick={(_, event) => {
        if (focus !== null) {
          props.onSelect(focus, event.ctrlKey || event.metaKey || event.shiftKey);
        }
      }}
      onOpen={() => (focus === null ? setZoom(null) : props.onOpen(focus))}
      onZoom={selection => setZoom(mergeZoom(zoom, selection, x.scale, y.scale))}
      onKeyDown={onKeyDown}
    >
      {datum !== null && pointer !== null && (
        <Tooltip
          title={trans.__('run %1', datum.number)}
          left={pointer.left}
          top={pointer.area.top}
          width={pointer.area.width}
          rows={details.map(([label, value]) => ({ key: label, color: null, label, value }))}
        />
      )}
    </Plot>
  );
}

function detailTexts(datum: IDatum, { x, y, details }: IScatterChartProps): [string, string][] {
  const read = (value: Cell, { isTime }: IScatterAxis): Cell =>
    isTime && typeof value === 'number' ? formatDuration(value) : value;
  const entries: (readonly [string, Cell])[] = [
    [x.title, read(datum.x, x)],
    [y.title, read(datum.y, y)],
    ...details(datum)
  ];
  // Details must not repeat what the axes already show.
  return [...new Map(entries)].map(([title, value]) => [title, formatCell(value)]);
}

function zoomScale(scale: Scale, range: readonly [number, number] | null): Scale {
  return range === null || scale.kind === 'category'
    ? scale
    : { ...scale, low: range[0], high: range[1] };
}

/** Combine a zoom with the previous one; categories are always shown completely. */
function mergeZoom(previous: IZoom | null, zoom: IZoom | null, x: Scale, y: Scale): IZoom | null {
  if (zoom === null) {
    return null;
  }
  return {
    x: x.kind === 'category' ? null : (zoom.x ?? previous?.x ?? null),
    y: y.kind === 'category' ? null : (zoom.y ?? previous?.y ?? null)
  };
}
