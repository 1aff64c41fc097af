/**
 * Parallel axes and the lines across them, with pointer and keyboard input.
 *
 * Dragging along an axis brushes it, clicking a line selects its run. Keys move between runs in
 * order of their results; the ends of ranges have keys of their own, see `RangeHandles`.
 */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  useMemo,
  useRef,
  useState
} from 'react';

import type { Range } from '../../../models/columns';
import { DOUBLE_CLICK_MS } from '../../../charts/Plot';
import { usePanelContext } from '../../../components/context';
import { useSize } from '../../../components/useSize';
import {
  dragInterval,
  handleAt,
  type BrushHandle,
  boundsOf,
  type IInterval,
  toIntervals,
  toRange
} from './brush';
import type { IDimension } from './dimensions';
import { type IParallelLines, CanvasLayers } from './CanvasLayers';
import { type ILayout, nearestLine } from './lineRenderer';
import { RangeHandles } from './RangeHandles';

export interface IParallelAxesProps {
  label: string;
  dimensions: readonly IDimension[];
  lines: IParallelLines;
  ranges: Readonly<Record<string, Range>>;
  onRange: (column: string, range: Range | null) => void;
  /** The run at the pointer or the keyboard; -1 if there is none. */
  focus: number;
  /** The accessible description of that run. */
  valueText: string;
  onFocus: (run: number) => void;
  onStep: (by: number) => void;
  onSelect: (run: number, isAdditive: boolean) => void;
  onOpen: (run: number) => void;
}

const TOP = 34;
const BOTTOM = 30;
const SIDE = 44;
/** Pixels from an axis, or from a run's line, within which the pointer snaps to it. */
const NEAR_AXIS = 10;
const NEAR_END = 7;
const NEAR_LINE = 10;
const NARROWEST = 76;

interface IDrag {
  axis: number;
  handle: BrushHandle;
  startInterval: IInterval;
  startPosition: number;
  hasMoved: boolean;
}

export function ParallelAxes(props: IParallelAxesProps): ReactElement {
  const { dimensions, lines, ranges, focus } = props;
  const { positions, active } = lines;
  const { trans } = usePanelContext();
  const frame = useRef<HTMLDivElement>(null);
  const frameSize = useSize(frame);
  const [drag, setDrag] = useState<IDrag | null>(null);
  const [hoveredAxis, setAtAxis] = useState(-1);
  const lastClick = useRef(-Infinity);
  const count = dimensions.length;
  const width = Math.max(frameSize.width, 2 * SIDE + (count - 1) * NARROWEST);
  const { height } = frameSize;
  const layout = useMemo<ILayout>(() => {
    const span = count > 1 ? (width - 2 * SIDE) / (count - 1) : 0;
    const axes = Array.from({ length: count }, (_, axis) => Math.round(SIDE + axis * span));
    return { width, height, top: TOP, bottom: Math.max(TOP + 1, height - BOTTOM), axes };
  }, [width, height, count]);
  const brushedIntervals = useMemo(
    () => dimensions.map(({ column, scale }) => toIntervals(scale, ranges[column])),
    [dimensions, ranges]
  );

  const pointOf = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { left: event.clientX - box.left, height: event.clientY - box.top };
  };
  const placeAt = (y: number) => (y - layout.bottom) / (layout.top - layout.bottom);
  const axisAt = (left: number, y: number) =>
    y < layout.top - NEAR_END || y > layout.bottom + NEAR_END
      ? -1
      : layout.axes.findIndex(axis => Math.abs(axis - left) <= NEAR_AXIS);
  const brush = (axis: number, interval: IInterval | null) => {
    const { column, scale } = dimensions[axis];
    props.onRange(column, interval === null ? null : toRange(scale, interval));
  };
  const onPointerDown = (event: PointerEvent) => {
    const { left, height } = pointOf(event);
    const axis = axisAt(left, height);
    if (axis >= 0 && event.button === 0) {
      event.currentTarget.setPointerCapture(event.pointerId);
      const snapDistance = NEAR_END / (layout.bottom - layout.top);
      const startPosition = placeAt(height);
      setDrag({
        axis,
        handle: handleAt(brushedIntervals[axis], startPosition, snapDistance),
        startInterval: boundsOf(brushedIntervals[axis]),
        startPosition,
        hasMoved: false
      });
    }
  };
  const onPointerMove = (event: PointerEvent) => {
    const { left, height } = pointOf(event);
    if (drag !== null) {
      brush(
        drag.axis,
        dragInterval(drag.handle, drag.startInterval, drag.startPosition, placeAt(height))
      );
      if (!drag.hasMoved) {
        setDrag({ ...drag, hasMoved: true });
      }
      return;
    }
    const axis = axisAt(left, height);
    setAtAxis(axis);
    const { run, distance } = nearestLine({ layout, positions, order: active }, left, height);
    props.onFocus(axis < 0 && distance <= NEAR_LINE ? run : -1);
  };
  const onPointerUp = (event: PointerEvent) => {
    if (drag === null) {
      // The second click of a double click has a different meaning.
      if (
        focus >= 0 &&
        event.button === 0 &&
        event.timeStamp - lastClick.current > DOUBLE_CLICK_MS
      ) {
        props.onSelect(focus, event.ctrlKey || event.metaKey || event.shiftKey);
      }
      lastClick.current = event.timeStamp;
    } else {
      if (!drag.hasMoved && drag.handle === 'new') {
        brush(drag.axis, null);
      }
      setDrag(null);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const runSteps: Record<string, number> = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1,
      Home: -Infinity,
      End: Infinity
    };
    if (event.key in runSteps) {
      props.onStep(runSteps[event.key]);
    } else if ((event.key === 'Enter' || event.key === ' ') && focus >= 0) {
      props.onSelect(focus, event.ctrlKey || event.metaKey || event.key === ' ');
    } else if (event.key === 'Escape') {
      props.onFocus(-1);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <div ref={frame} className="jp-wm-ParallelAxes">
      <div
        className="jp-wm-ParallelAxes-inner"
        style={{ width }}
        role="slider"
        tabIndex={0}
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, active.length - 1)}
        aria-valuenow={Math.max(0, active.indexOf(focus))}
        aria-valuetext={props.valueText}
        data-brushing={drag !== null || hoveredAxis >= 0 || undefined}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setDrag(null)}
        onPointerLeave={() => {
          setAtAxis(-1);
          props.onFocus(-1);
        }}
        onBlur={() => props.onFocus(-1)}
        onDoubleClick={() => focus >= 0 && props.onOpen(focus)}
      >
        {frameSize.width > 0 && (
          <CanvasLayers layout={layout} dimensions={dimensions} lines={lines} focus={focus} />
        )}
      </div>
      <div
        className="jp-wm-ParallelAxes-handles"
        role="group"
        aria-label={trans.__('Ranges on the axes')}
        style={{ width }}
      >
        {dimensions.map((dimension, axis) => (
          <RangeHandles
            key={dimension.column}
            dimension={dimension}
            left={layout.axes[axis]}
            layout={layout}
            intervals={brushedIntervals[axis]}
            onChange={interval => brush(axis, interval)}
          />
        ))}
      </div>
    </div>
  );
}
