/** Draws lines, their ranges and the band of many runs on a canvas. */

import type { Band } from '../api/schemas';
import { withClip, type IPlotArea } from './plotArea';
import { type ISeries, nearestIndex } from './series';
import type { IThemeColors } from './theme';

type Context = CanvasRenderingContext2D;
type Numbers = readonly (number | null)[];

/** The radius of a point that has no line. */
const POINT_SIZE = 3;
/** From this many lines on, each is drawn thinner. */
const MANY_SERIES = 12;

export interface ILineStyle {
  width: number;
  alpha: number;
  /** Whether to draw the raw values behind a bucketed or smoothed line as well. */
  showRaw: boolean;
}

export function lineStyleFor(count: number): ILineStyle {
  return count > MANY_SERIES
    ? { width: 1.1, alpha: 0.8, showRaw: false }
    : { width: 1.6, alpha: 1, showRaw: true };
}

export function drawSeries(
  context: Context,
  area: IPlotArea,
  series: ISeries,
  style: ILineStyle
): void {
  context.strokeStyle = series.color;
  context.fillStyle = series.color;
  context.lineJoin = 'round';
  const [from, to] = visibleIndices(area, series.x);
  if (style.showRaw) {
    if (series.low !== null && series.high !== null) {
      context.globalAlpha = 0.18;
      drawArea(context, area, series.x, series.low, series.high, from, to);
    } else if (series.smoothed !== series.y) {
      context.globalAlpha = 0.25;
      context.lineWidth = 1;
      drawPath(context, area, series.x, series.y, from, to);
    }
  }
  context.globalAlpha = style.alpha;
  context.lineWidth = style.width;
  drawPath(context, area, series.x, series.smoothed, from, to);
  context.globalAlpha = 1;
}

/** Draw the median of many runs and the band around it. */
export function drawBand(
  context: Context,
  area: IPlotArea,
  band: Band,
  showRange: boolean,
  colors: IThemeColors
): void {
  const { x } = band;
  const [from, to] = visibleIndices(area, x);
  context.fillStyle = colors.text;
  if (showRange) {
    context.globalAlpha = 0.06;
    drawArea(context, area, x, band.lowest, band.highest, from, to);
  }
  context.globalAlpha = 0.12;
  drawArea(context, area, x, band.lower, band.upper, from, to);
  context.globalAlpha = 0.75;
  context.strokeStyle = colors.text;
  context.lineWidth = 1.5;
  context.setLineDash([5, 4]);
  drawPath(context, area, x, band.median, from, to);
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** Fade everything already drawn, and draw one line on top. */
export function drawFocused(
  context: Context,
  area: IPlotArea,
  series: ISeries,
  colors: IThemeColors
): void {
  withClip(context, area, () => {
    context.globalAlpha = 0.55;
    context.fillStyle = colors.background;
    context.fillRect(area.left + 1, area.top, area.right, area.bottom - area.top);
    context.globalAlpha = 1;
    drawSeries(context, area, series, { width: 2.2, alpha: 1, showRaw: true });
  });
}

/** Draw a mark on a line. */
export function drawDot(
  context: Context,
  x: number,
  y: number,
  size: number,
  color: string,
  colors: IThemeColors
): void {
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.strokeStyle = colors.background;
  context.lineWidth = 1;
  context.stroke();
}

/** The range of visible points, with one neighbor at each end. */
function visibleIndices(area: IPlotArea, x: readonly number[]): [number, number] {
  const range = area.range;
  return [
    Math.max(0, nearestIndex(x, range[0]) - 1),
    Math.min(x.length - 1, nearestIndex(x, range[1]) + 1)
  ];
}

function drawPath(
  context: Context,
  area: IPlotArea,
  x: readonly number[],
  y: Numbers,
  from: number,
  to: number
): void {
  const { x: toX, y: toY } = area;
  context.beginPath();
  const isolated: number[] = [];
  let isDrawing = false;
  for (let index = from; index <= to; index += 1) {
    const value = y[index];
    if (value === null) {
      isDrawing = false;
    } else if (isDrawing) {
      context.lineTo(toX(x[index]), toY(value));
    } else {
      isDrawing = true;
      context.moveTo(toX(x[index]), toY(value));
      if (index === to || y[index + 1] === null) {
        isolated.push(index);
      }
    }
  }
  context.stroke();
  // A point without neighbors has no line.
  for (const index of isolated) {
    context.beginPath();
    context.arc(toX(x[index]), toY(y[index] ?? NaN), POINT_SIZE, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawArea(
  context: Context,
  area: IPlotArea,
  x: readonly number[],
  low: Numbers,
  high: Numbers,
  from: number,
  to: number
): void {
  const { x: toX, y: toY } = area;
  context.beginPath();
  for (let index = from; index <= to; index += 1) {
    const value = high[index] ?? low[index];
    if (value !== null) {
      context.lineTo(toX(x[index]), clampToFloor(toY(value), area));
    }
  }
  for (let index = to; index >= from; index -= 1) {
    const value = low[index] ?? high[index];
    if (value !== null) {
      context.lineTo(toX(x[index]), clampToFloor(toY(value), area));
    }
  }
  context.fill();
}

/** Values that a logarithmic axis cannot show are drawn below it. */
function clampToFloor(y: number, area: IPlotArea): number {
  return Number.isNaN(y) ? area.bottom + 2 : y;
}
