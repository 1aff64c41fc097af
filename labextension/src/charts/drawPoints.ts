/** Draws points, as markers of several shapes. */

import type { IPlotArea } from './plotArea';
import type { IThemeColors } from './theme';

type Context = CanvasRenderingContext2D;

export type MarkerShape = 'cross' | 'triangle' | 'square' | 'ring' | 'dot';

export interface IPointStyle {
  color: string;
  shape: MarkerShape;
  size: number;
  alpha: number;
  /** The outline, for points that lie on a colored surface. */
  edge: string | null;
}

/** Draw a point at a position from 0 to 1 on both axes. */
export function drawPoint(
  context: Context,
  area: IPlotArea,
  x: number,
  y: number,
  { color, shape, size, alpha, edge }: IPointStyle
): void {
  const [left, top] = toCanvas(area, x, y);
  context.globalAlpha = alpha;
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  switch (shape) {
    case 'cross':
      context.moveTo(left - size, top - size);
      context.lineTo(left + size, top + size);
      context.moveTo(left + size, top - size);
      context.lineTo(left - size, top + size);
      context.stroke();
      break;
    case 'triangle':
      context.moveTo(left, top - size);
      context.lineTo(left + size, top + size);
      context.lineTo(left - size, top + size);
      context.closePath();
      context.fill();
      break;
    case 'square':
      context.rect(left - size, top - size, 2 * size, 2 * size);
      context.fill();
      break;
    case 'ring':
      context.arc(left, top, size, 0, 2 * Math.PI);
      context.stroke();
      break;
    case 'dot':
      context.arc(left, top, size, 0, 2 * Math.PI);
      context.fill();
      if (edge !== null) {
        context.lineWidth = 1;
        context.strokeStyle = edge;
        context.stroke();
      }
  }
  context.globalAlpha = 1;
}

/** Draw a dotted line through values on both axes. */
export function drawLine(
  context: Context,
  area: IPlotArea,
  values: readonly (readonly [number, number])[],
  color: string
): void {
  context.save();
  context.strokeStyle = color;
  context.lineWidth = 1.2;
  context.setLineDash([2, 3]);
  context.beginPath();
  for (const [x, y] of values) {
    context.lineTo(area.x(x), area.y(y));
  }
  context.stroke();
  context.restore();
}

/** Draw the ring around the point at the pointer or the keyboard. */
export function drawFocusRing(
  context: Context,
  area: IPlotArea,
  x: number,
  y: number,
  color: string,
  colors: IThemeColors
): void {
  const [left, top] = toCanvas(area, x, y);
  context.beginPath();
  context.arc(left, top, 6, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = colors.text;
  context.stroke();
}

function toCanvas(area: IPlotArea, x: number, y: number): [number, number] {
  return [area.left + x * (area.right - area.left), area.bottom + y * (area.top - area.bottom)];
}
