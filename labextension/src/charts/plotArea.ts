/** The position of a plot on its canvas, and its axes. */

import { type Scale, pixelMapper } from './scale';
import type { IThemeColors } from './theme';
import { type ITick, makeTicks } from './ticks';

export interface IAxis {
  scale: Scale;
  title: string;
  /** Whether its values are seconds. */
  isTime?: boolean;
}

/** All in CSS pixels from the canvas's upper left corner. */
export interface IPlotArea {
  width: number;
  height: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Maps a value to pixels; on categories, the value is an index. */
  x: (value: number) => number;
  y: (value: number) => number;
  /** The least and the greatest visible x. */
  range: readonly [number, number];
  ticks: { x: ITick[]; y: ITick[] };
}

const TOP = 8;
const RIGHT = 12;
const LINE_HEIGHT = 14;
const GAP = 6;
const MAX_LABEL_WIDTH = 110;
const MAX_TICKS = 10;

export function layoutPlotArea(
  context: CanvasRenderingContext2D,
  size: { width: number; height: number },
  x: IAxis,
  y: IAxis,
  colors: IThemeColors
): IPlotArea {
  const { width, height } = size;
  const bottom = height - LINE_HEIGHT - GAP - (x.title === '' ? 0 : LINE_HEIGHT);
  const top = TOP + (y.title === '' ? 0 : LINE_HEIGHT);
  context.font = colors.font;
  const widestLabel = (ticks: readonly ITick[]) =>
    Math.max(0, ...ticks.map(tick => context.measureText(tick.label).width));
  const yTicks = makeTicks(
    y.scale,
    Math.max(2, Math.min(MAX_TICKS, (bottom - top) / 32)),
    y.isTime
  );
  const left = Math.ceil(Math.min(MAX_LABEL_WIDTH, widestLabel(yTicks)) + GAP + 4);
  const right = width - RIGHT;
  const available = Math.max(1, right - left);
  let xTicks = makeTicks(x.scale, Math.max(2, Math.min(MAX_TICKS, available / 60)), x.isTime);
  const widest = widestLabel(xTicks) + 2 * GAP;
  if (widest * xTicks.length > available) {
    xTicks = makeTicks(x.scale, Math.max(1, Math.floor(available / widest)), x.isTime);
  }
  return {
    ...{ width, height, left, top, right, bottom },
    x: pixelMapper(x.scale, left, right),
    y: pixelMapper(y.scale, bottom, top),
    range: x.scale.kind === 'category' ? [0, x.scale.values.length] : [x.scale.low, x.scale.high],
    ticks: { x: xTicks, y: yTicks }
  };
}

/** Draw the axes, ticks and labels of a plot. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  title: string,
  colors: IThemeColors
): void {
  const { left, right, top, bottom, ticks } = area;
  context.font = colors.font;
  context.strokeStyle = colors.muted;
  context.lineWidth = 1;
  const toPixelCenter = (position: number) => Math.round(position) + 0.5;
  // In high-contrast themes, the theme's border color would stand out more than the data.
  context.globalAlpha = 0.25;
  context.beginPath();
  for (const { position } of ticks.y) {
    const y = toPixelCenter(bottom + position * (top - bottom));
    context.moveTo(left, y);
    context.lineTo(right, y);
  }
  context.stroke();
  context.globalAlpha = 0.6;
  context.beginPath();
  for (const { position } of ticks.x) {
    const x = toPixelCenter(left + position * (right - left));
    context.moveTo(x, bottom);
    context.lineTo(x, bottom + 4);
  }
  context.moveTo(left, toPixelCenter(bottom));
  context.lineTo(right, toPixelCenter(bottom));
  context.stroke();
  context.globalAlpha = 1;

  context.fillStyle = colors.muted;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { position, label } of ticks.y) {
    context.fillText(
      truncate(context, label, MAX_LABEL_WIDTH),
      left - GAP,
      bottom + position * (top - bottom)
    );
  }
  context.textBaseline = 'top';
  for (const { position, label } of ticks.x) {
    const x = left + position * (right - left);
    const half = context.measureText(label).width / 2;
    context.textAlign = 'center';
    context.fillText(label, Math.max(half, Math.min(area.width - half - 2, x)), bottom + GAP);
  }
  context.textAlign = 'left';
  context.fillText(truncate(context, title, right), 2, 2);
}

/** Draw the x axis's title below the ticks: inside the plot, it would hide the ends of curves. */
export function drawTitle(
  context: CanvasRenderingContext2D,
  { left, right, height }: IPlotArea,
  title: string,
  colors: IThemeColors
): void {
  context.font = colors.font;
  context.textAlign = 'right';
  context.textBaseline = 'bottom';
  context.fillStyle = colors.muted;
  context.fillText(truncate(context, title, right - left), right, height - 1);
}

/** Draw with everything outside of the plot clipped. */
export function withClip(
  context: CanvasRenderingContext2D,
  { left, right, top, bottom }: IPlotArea,
  draw: () => void
): void {
  context.save();
  context.beginPath();
  context.rect(left, top - 2, right - left + 2, bottom - top + 4);
  context.clip();
  draw();
  context.restore();
}

/** Shorten a text to a width. */
export function truncate(context: CanvasRenderingContext2D, text: string, width: number): string {
  let truncated = text;
  while (truncated.length > 1 && context.measureText(truncated).width > width) {
    truncated = `${truncated.slice(0, Math.max(1, Math.floor(truncated.length * 0.85) - 1))}…`;
  }
  return truncated;
}

/** Resize a canvas to its displayed size in device pixels, and clear it. */
export function prepareCanvas(
  canvas: HTMLCanvasElement,
  { width, height }: { width: number; height: number }
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.globalAlpha = 1;
  }
  return context;
}
