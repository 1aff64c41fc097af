/** Where a plot lies on its canvas, and its axes. */

import { type Scale, toPixels } from './scale';
import type { IColours } from './theme';
import { type ITick, ticksOf } from './ticks';

export interface IAxis {
  scale: Scale;
  title: string;
  /** Whether its numbers are seconds. */
  seconds?: boolean;
}

/** All in CSS pixels from the canvas's upper left corner. */
export interface IFrame {
  width: number;
  height: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Where a number lies; on categories, the number is an index. */
  x: (value: number) => number;
  y: (value: number) => number;
  /** The least and the greatest x that can be seen. */
  range: readonly [number, number];
  marks: { x: ITick[]; y: ITick[] };
}

const TOP = 8;
const RIGHT = 12;
const LINE = 14;
const GAP = 6;
const LONGEST = 110;
const MOST_MARKS = 10;

export function frameOf(
  context: CanvasRenderingContext2D,
  size: { width: number; height: number },
  x: IAxis,
  y: IAxis,
  colours: IColours
): IFrame {
  const { width, height } = size;
  const bottom = height - LINE - GAP;
  const top = TOP + (y.title === '' ? 0 : LINE);
  context.font = colours.font;
  const wide = (marks: readonly ITick[]) =>
    Math.max(0, ...marks.map(mark => context.measureText(mark.label).width));
  const marksY = ticksOf(
    y.scale,
    Math.max(2, Math.min(MOST_MARKS, (bottom - top) / 32)),
    y.seconds
  );
  const left = Math.ceil(Math.min(LONGEST, wide(marksY)) + GAP + 4);
  const right = width - RIGHT;
  const room = Math.max(1, right - left);
  let marksX = ticksOf(x.scale, Math.max(2, Math.min(MOST_MARKS, room / 60)), x.seconds);
  const widest = wide(marksX) + 2 * GAP;
  if (widest * marksX.length > room) {
    marksX = ticksOf(x.scale, Math.max(1, Math.floor(room / widest)), x.seconds);
  }
  return {
    ...{ width, height, left, top, right, bottom },
    x: toPixels(x.scale, left, right),
    y: toPixels(y.scale, bottom, top),
    range: x.scale.kind === 'category' ? [0, x.scale.values.length] : [x.scale.low, x.scale.high],
    marks: { x: marksX, y: marksY }
  };
}

/** The lines and words around a plot. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  frame: IFrame,
  title: string,
  colours: IColours
): void {
  const { left, right, top, bottom, marks } = frame;
  context.font = colours.font;
  context.strokeStyle = colours.quiet;
  context.lineWidth = 1;
  const crisp = (at: number) => Math.round(at) + 0.5;
  // The lines of a theme with much contrast would stand out more than what is drawn.
  context.globalAlpha = 0.25;
  context.beginPath();
  for (const { place } of marks.y) {
    const y = crisp(bottom + place * (top - bottom));
    context.moveTo(left, y);
    context.lineTo(right, y);
  }
  context.stroke();
  context.globalAlpha = 0.6;
  context.beginPath();
  for (const { place } of marks.x) {
    const x = crisp(left + place * (right - left));
    context.moveTo(x, bottom);
    context.lineTo(x, bottom + 4);
  }
  context.moveTo(left, crisp(bottom));
  context.lineTo(right, crisp(bottom));
  context.stroke();
  context.globalAlpha = 1;

  context.fillStyle = colours.quiet;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const { place, label } of marks.y) {
    context.fillText(
      shortened(context, label, LONGEST),
      left - GAP,
      bottom + place * (top - bottom)
    );
  }
  context.textBaseline = 'top';
  for (const { place, label } of marks.x) {
    const x = left + place * (right - left);
    const half = context.measureText(label).width / 2;
    context.textAlign = 'center';
    context.fillText(label, Math.max(half, Math.min(frame.width - half - 2, x)), bottom + GAP);
  }
  context.textAlign = 'left';
  context.fillText(shortened(context, title, right), 2, 2);
}

/** What the x axis is, inside the plot: it takes no line of its own, and stands above what is drawn. */
export function drawTitle(
  context: CanvasRenderingContext2D,
  { left, right, bottom }: IFrame,
  title: string,
  colours: IColours
): void {
  // The page's colour around it keeps it readable above lines.
  context.font = colours.font;
  context.textAlign = 'right';
  context.textBaseline = 'bottom';
  context.strokeStyle = colours.page;
  context.fillStyle = colours.quiet;
  context.lineWidth = 3;
  const text = shortened(context, title, right - left);
  context.strokeText(text, right, bottom - 2);
  context.fillText(text, right, bottom - 2);
}

/** Draw only inside the plot. */
export function clipped(
  context: CanvasRenderingContext2D,
  { left, right, top, bottom }: IFrame,
  draw: () => void
): void {
  context.save();
  context.beginPath();
  context.rect(left, top - 2, right - left + 2, bottom - top + 4);
  context.clip();
  draw();
  context.restore();
}

/** A text that is no wider than asked. */
export function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  let short = text;
  while (short.length > 1 && context.measureText(short).width > width) {
    short = `${short.slice(0, Math.max(1, Math.floor(short.length * 0.85) - 1))}…`;
  }
  return short;
}

/** Make a canvas as large as it is shown, in the screen's own pixels, and empty. */
export function cleared(
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
