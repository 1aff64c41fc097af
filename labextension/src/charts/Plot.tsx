/**
 * A plot with two axes: a canvas for static content, and one above it for what follows the pointer.
 *
 * It handles axes, pointer and zoom; the caller draws, and handles keys.
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

import { useSize } from '../components/useSize';
import {
  prepareCanvas,
  withClip,
  drawAxes,
  drawTitle,
  layoutPlotArea,
  type IAxis,
  type IPlotArea
} from './plotArea';
import { invert } from './scale';
import { type IThemeColors, useThemeColors } from './theme';

export type DrawFunction = (
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  colors: IThemeColors
) => void;

/** The pointer's position: in pixels, and in the values of both axes. */
export interface IPointerPosition {
  left: number;
  top: number;
  x: number;
  y: number;
  area: IPlotArea;
}

/** The visible range of a plot; null leaves an axis unchanged. */
export interface IZoom {
  x: readonly [number, number] | null;
  y: readonly [number, number] | null;
}

export interface IPlotProps {
  /** One sentence that describes the plot. */
  label: string;
  /** What screen readers read at the keyboard's position, which ranges from 0 to `last`. */
  ariaValue: { text: string; place: number; last: number };
  x: IAxis;
  y: IAxis;
  /** The plot is redrawn whenever either function changes. */
  draw: DrawFunction;
  drawOverlay?: DrawFunction;
  onHover?: (point: IPointerPosition | null) => void;
  onPick?: (point: IPointerPosition, event: PointerEvent) => void;
  onOpen?: () => void;
  /** Null resets the zoom. */
  onZoom?: (zoom: IZoom | null) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  children?: ReactNode;
}

/** Pixels that the pointer must move before a press becomes a drag. */
const DRAG_THRESHOLD = 5;
/** A drag of at least this height, in pixels, zooms both axes. */
const BOX_THRESHOLD = 24;
/** A second click within this time makes a double click. */
export const DOUBLE_CLICK_MS = 400;

interface IDrag {
  from: IPointerPosition;
  to: IPointerPosition;
}

export function Plot(props: IPlotProps): ReactElement {
  const { x, y, draw, drawOverlay, onHover, onZoom } = props;
  const ref = useRef<HTMLDivElement>(null);
  const baseCanvas = useRef<HTMLCanvasElement>(null);
  const overlayCanvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(ref);
  const colors = useThemeColors();
  const [drag, setDrag] = useState<IDrag | null>(null);
  const lastClick = useRef(-Infinity);
  const area = useMemo(() => {
    const context = document.createElement('canvas').getContext('2d');
    return context && size.width > 0 && size.height > 0
      ? layoutPlotArea(context, size, x, y, colors)
      : null;
  }, [size, x, y, colors]);
  useEffect(() => {
    if (baseCanvas.current !== null && area !== null) {
      const context = prepareCanvas(baseCanvas.current, size);
      if (context !== null) {
        drawAxes(context, area, y.title, colors);
        withClip(context, area, () => draw(context, area, colors));
        drawTitle(context, area, x.title, colors);
      }
    }
  }, [area, size, x, y, colors, draw]);
  useEffect(() => {
    if (overlayCanvas.current !== null && area !== null) {
      const context = prepareCanvas(overlayCanvas.current, size);
      if (context !== null && drawOverlay !== undefined) {
        withClip(context, area, () => drawOverlay(context, area, colors));
      }
    }
  }, [area, size, colors, drawOverlay]);

  const pointAt = (event: PointerEvent): IPointerPosition | null => {
    if (area === null || ref.current === null) {
      return null;
    }
    const box = ref.current.getBoundingClientRect();
    const left = event.clientX - box.left;
    const top = event.clientY - box.top;
    return {
      left,
      top,
      x: invert(x.scale, (left - area.left) / (area.right - area.left)),
      y: invert(y.scale, (top - area.bottom) / (area.top - area.bottom)),
      area
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
    const zoom = zoomFromDrag({ ...drag, to: point });
    if (zoom === null) {
      // The second click of a double click has a different meaning.
      if (event.timeStamp - lastClick.current > DOUBLE_CLICK_MS) {
        props.onPick?.(point, event);
      }
      lastClick.current = event.timeStamp;
    } else {
      onZoom?.(zoom);
    }
  };
  return (
    <div
      ref={ref}
      className="jp-wm-Plot"
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.ariaValue.last}
      aria-valuenow={props.ariaValue.place}
      aria-valuetext={props.ariaValue.text}
      onKeyDown={props.onKeyDown}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setDrag(null)}
      onPointerLeave={() => onHover?.(null)}
      onBlur={() => onHover?.(null)}
      onDoubleClick={props.onOpen ?? (() => onZoom?.(null))}
    >
      <canvas ref={baseCanvas} aria-hidden="true" />
      <canvas ref={overlayCanvas} aria-hidden="true" />
      {onZoom && drag && <SelectionBox drag={drag} />}
      {props.children}
    </div>
  );
}

/** The zoom that a drag selects; null if it is too short. */
function zoomFromDrag({ from, to }: IDrag): IZoom | null {
  const wide = Math.abs(to.left - from.left) > DRAG_THRESHOLD;
  const tall = Math.abs(to.top - from.top) > BOX_THRESHOLD;
  const range = (a: number, b: number) => [Math.min(a, b), Math.max(a, b)] as const;
  return wide || tall
    ? { x: wide ? range(from.x, to.x) : null, y: tall ? range(from.y, to.y) : null }
    : null;
}

/** The area that a drag selects. */
function SelectionBox({ drag: { from, to } }: { drag: IDrag }): ReactElement | null {
  const zoom = zoomFromDrag({ from, to });
  if (zoom === null) {
    return null;
  }
  const { area } = from;
  const [left, right] = zoom.x
    ? [Math.min(from.left, to.left), Math.max(from.left, to.left)]
    : [area.left, area.right];
  const [top, bottom] = zoom.y
    ? [Math.min(from.top, to.top), Math.max(from.top, to.top)]
    : [area.top, area.bottom];
  return (
    <div
      className="jp-wm-Plot-box"
      style={{ left, top, width: right - left, height: bottom - top }}
    />
  );
}
