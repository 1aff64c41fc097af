/** Draws lines, their ranges and the band of many runs on a canvas. */

import type { Band } from '../wire';
import { clipped, type IFrame } from './frame';
import { type ILine, indexAt } from './lines';
import type { IColours } from './theme';

type Context = CanvasRenderingContext2D;
type Numbers = readonly (number | null)[];

/** From so many lines on, each is drawn finer. */
const MANY = 12;

export interface ILook {
  width: number;
  alpha: number;
  /** Whether the values behind a point, or behind a smooth line, are drawn, too. */
  behind: boolean;
}

export function lookOf(lines: number): ILook {
  return lines > MANY
    ? { width: 1.1, alpha: 0.8, behind: false }
    : { width: 1.6, alpha: 1, behind: true };
}

export function paintLine(context: Context, frame: IFrame, line: ILine, look: ILook): void {
  context.strokeStyle = line.colour;
  context.fillStyle = line.colour;
  context.lineJoin = 'round';
  const [from, to] = inSight(frame, line.x);
  if (look.behind) {
    if (line.low !== null && line.high !== null) {
      context.globalAlpha = 0.18;
      paintArea(context, frame, line.x, line.low, line.high, from, to);
    } else if (line.smooth !== line.y) {
      context.globalAlpha = 0.25;
      context.lineWidth = 1;
      paintPath(context, frame, line.x, line.y, from, to);
    }
  }
  context.globalAlpha = look.alpha;
  context.lineWidth = look.width;
  paintPath(context, frame, line.x, line.smooth, from, to);
  context.globalAlpha = 1;
}

/** The median of many runs with what lies around it. */
export function paintBand(
  context: Context,
  frame: IFrame,
  band: Band,
  whole: boolean,
  colours: IColours
): void {
  const { x } = band;
  const [from, to] = inSight(frame, x);
  context.fillStyle = colours.text;
  if (whole) {
    context.globalAlpha = 0.06;
    paintArea(context, frame, x, band.lowest, band.highest, from, to);
  }
  context.globalAlpha = 0.12;
  paintArea(context, frame, x, band.lower, band.upper, from, to);
  context.globalAlpha = 0.75;
  context.strokeStyle = colours.text;
  context.lineWidth = 1.5;
  context.setLineDash([5, 4]);
  paintPath(context, frame, x, band.median, from, to);
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** Make all that is drawn already step back, and draw one line in front of it. */
export function paintFocus(context: Context, frame: IFrame, line: ILine, colours: IColours): void {
  clipped(context, frame, () => {
    context.globalAlpha = 0.55;
    context.fillStyle = colours.page;
    context.fillRect(frame.left + 1, frame.top, frame.right, frame.bottom - frame.top);
    context.globalAlpha = 1;
    paintLine(context, frame, line, { width: 2.2, alpha: 1, behind: true });
  });
}

/** A mark on a line. */
export function paintDot(
  context: Context,
  x: number,
  y: number,
  size: number,
  colour: string,
  colours: IColours
): void {
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = colours.page;
  context.lineWidth = 1;
  context.stroke();
}

/** The points that can be seen, and a neighbour at both ends. */
function inSight(frame: IFrame, x: readonly number[]): [number, number] {
  const range = frame.range;
  return [Math.max(0, indexAt(x, range[0]) - 1), Math.min(x.length - 1, indexAt(x, range[1]) + 1)];
}

function paintPath(
  context: Context,
  frame: IFrame,
  x: readonly number[],
  y: Numbers,
  from: number,
  to: number
): void {
  const { x: toX, y: toY } = frame;
  context.beginPath();
  const alone: number[] = [];
  let begun = false;
  for (let index = from; index <= to; index += 1) {
    const value = y[index];
    if (value === null) {
      begun = false;
    } else if (begun) {
      context.lineTo(toX(x[index]), toY(value));
    } else {
      begun = true;
      context.moveTo(toX(x[index]), toY(value));
      if (index === to || y[index + 1] === null) {
        alone.push(index);
      }
    }
  }
  context.stroke();
  // A point without neighbours has no line.
  for (const index of alone) {
    context.beginPath();
    context.arc(toX(x[index]), toY(y[index] ?? NaN), 2, 0, 2 * Math.PI);
    context.fill();
  }
}

function paintArea(
  context: Context,
  frame: IFrame,
  x: readonly number[],
  low: Numbers,
  high: Numbers,
  from: number,
  to: number
): void {
  const { x: toX, y: toY } = frame;
  context.beginPath();
  for (let index = from; index <= to; index += 1) {
    const value = high[index] ?? low[index];
    if (value !== null) {
      context.lineTo(toX(x[index]), floored(toY(value), frame));
    }
  }
  for (let index = to; index >= from; index -= 1) {
    const value = low[index] ?? high[index];
    if (value !== null) {
      context.lineTo(toX(x[index]), floored(toY(value), frame));
    }
  }
  context.fill();
}

/** What a logarithmic axis cannot show lies below it. */
function floored(y: number, frame: IFrame): number {
  return Number.isNaN(y) ? frame.bottom + 2 : y;
}
