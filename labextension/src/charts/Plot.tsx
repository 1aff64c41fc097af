/**
 * A plot between two axes: a canvas for what stays and one above it for what follows the pointer.
 *
 * It knows axes, pointer and zoom; what is drawn, and what keys do, is its user's.
 */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import { useSize } from '../parts/useSize';
import { cleared, clipped, drawAxes, drawTitle, frameOf, type IAxis, type IFrame } from './frame';
import { valueAt } from './scale';
import { type IColours, useColours } from './theme';

export type Paint = (context: CanvasRenderingContext2D, frame: IFrame, colours: IColours) => void;

/** Where the pointer is: in pixels, and in the numbers of both axes. */
export interface IPoint {
  left: number;
  top: number;
  x: number;
  y: number;
  frame: IFrame;
}

/** From where to where a plot is shown; null leaves an axis as it is. */
export interface IZoom {
  x: readonly [number, number] | null;
  y: readonly [number, number] | null;
}

export interface IPlotProps {
  /** One sentence that says what is to be seen. */
  label: string;
  /** What the keyboard's place in the plot says; the place goes from 0 to `last`. */
  reading: { text: string; place: number; last: number };
  x: IAxis;
  y: IAxis;
  /** Both draw anew whenever they are other functions than before. */
  paint: Paint;
  paintOver?: Paint;
  onHover?: (point: IPoint | null) => void;
  onPick?: (point: IPoint, event: PointerEvent) => void;
  onOpen?: () => void;
  /** Null goes back to all. */
  onZoom?: (zoom: IZoom | null) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  children?: ReactNode;
}

/** Pixels that the pointer moves before it is a drag. */
const DRAG = 5;
/** Pixels of height from which on a drag means both axes. */
const BOX = 24;
const DOUBLE_MS = 400;

interface IDrag {
  from: IPoint;
  to: IPoint;
}

export function Plot(props: IPlotProps): ReactElement {
  const { x, y, paint, paintOver, onHover, onZoom } = props;
  const own = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const size = useSize(own);
  const colours = useColours();
  const [drag, setDrag] = useState<IDrag | null>(null);
  const picked = useRef(-Infinity);
  const frame = useMemo(() => {
    const context = document.createElement('canvas').getContext('2d');
    return context && size.width > 0 && size.height > 0
      ? frameOf(context, size, x, y, colours)
      : null;
  }, [size, x, y, colours]);
  useEffect(() => {
    if (base.current !== null && frame !== null) {
      const context = cleared(base.current, size);
      if (context !== null) {
        drawAxes(context, frame, y.title, colours);
        clipped(context, frame, () => paint(context, frame, colours));
        drawTitle(context, frame, x.title, colours);
      }
    }
  }, [frame, size, x, y, colours, paint]);
  useEffect(() => {
    if (over.current !== null && frame !== null) {
      const context = cleared(over.current, size);
      if (context !== null && paintOver !== undefined) {
        clipped(context, frame, () => paintOver(context, frame, colours));
      }
    }
  }, [frame, size, colours, paintOver]);

  const pointAt = (event: PointerEvent): IPoint | null => {
    if (frame === null || own.current === null) {
      return null;
    }
    const box = own.current.getBoundingClientRect();
    const left = event.clientX - box.left;
    const top = event.clientY - box.top;
    return {
      left,
      top,
      x: valueAt(x.scale, (left - frame.left) / (frame.right - frame.left)),
      y: valueAt(y.scale, (top - frame.bottom) / (frame.top - frame.bottom)),
      frame
    };
  };
  const onPointerDown = (event: PointerEvent) => {
    const point = pointAt(event);
    if (point !== null && event.button === 0) {
      event.currentTarget.setPointerCapture(event.pointerId);
      setDrag({ from: point, to: point });
    }
  };
  const onPointerMove = (event: PointerEvent) => {
    const point = pointAt(event);
    if (point !== null && drag !== null) {
      setDrag({ ...drag, to: point });
    }
    onHover?.(point);
  };
  const onPointerUp = (event: PointerEvent) => {
    const point = pointAt(event);
    setDrag(null);
    if (point === null || drag === null) {
      return;
    }
    const zoom = zoomOf({ ...drag, to: point });
    if (zoom === null) {
      // The second click of two means something else.
      if (event.timeStamp - picked.current > DOUBLE_MS) {
        props.onPick?.(point, event);
      }
      picked.current = event.timeStamp;
    } else {
      onZoom?.(zoom);
    }
  };
  return (
    <div
      ref={own}
      className="jp-wm-Plot"
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.reading.last}
      aria-valuenow={props.reading.place}
      aria-valuetext={props.reading.text}
      onKeyDown={props.onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => onHover?.(null)}
      onBlur={() => onHover?.(null)}
      onDoubleClick={props.onOpen ?? (() => onZoom?.(null))}
    >
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={over} aria-hidden="true" />
      {onZoom && drag && <Box drag={drag} />}
      {props.children}
    </div>
  );
}

/** What a drag chooses; null if it is none. */
function zoomOf({ from, to }: IDrag): IZoom | null {
  const wide = Math.abs(to.left - from.left) > DRAG;
  const tall = Math.abs(to.top - from.top) > BOX;
  const range = (one: number, other: number) =>
    [Math.min(one, other), Math.max(one, other)] as const;
  return wide || tall
    ? { x: wide ? range(from.x, to.x) : null, y: tall ? range(from.y, to.y) : null }
    : null;
}

/** The part that a drag chooses. */
function Box({ drag: { from, to } }: { drag: IDrag }): ReactElement | null {
  const zoom = zoomOf({ from, to });
  if (zoom === null) {
    return null;
  }
  const { frame } = from;
  const [left, right] = zoom.x
    ? [Math.min(from.left, to.left), Math.max(from.left, to.left)]
    : [frame.left, frame.right];
  const [top, bottom] = zoom.y
    ? [Math.min(from.top, to.top), Math.max(from.top, to.top)]
    : [frame.top, frame.bottom];
  return (
    <div
      className="jp-wm-Plot-box"
      style={{ left, top, width: right - left, height: bottom - top }}
    />
  );
}
