/** Draws one of the parallel axes, and the line of one run across all of them. */

import { truncate } from '../../../charts/plotArea';
import type { IThemeColors } from '../../../charts/theme';
import { makeTicks } from '../../../charts/ticks';
import type { IDimension } from './dimensions';
import { MISSING_OFFSET, toY, type ILayout, tracePath } from './lineRenderer';

const TICK_SPACING = 36;
const TICK_HALF = 5;

export function drawAxis(
  context: CanvasRenderingContext2D,
  layout: ILayout,
  axis: number,
  { scale, title }: IDimension,
  hasMissing: boolean,
  colors: IThemeColors
): void {
  const { top, bottom, axes, width } = layout;
  const x = axes[axis] + 0.5;
  const room = axes.length > 1 ? axes[1] - axes[0] : width;
  const isLast = axis === axes.length - 1;
  context.strokeStyle = colors.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, bottom);
  context.stroke();

  const write = (text: string, left: number, height: number, align: CanvasTextAlign) => {
    // An outline in the page's color keeps text readable above lines.
    context.textAlign = align;
    context.strokeStyle = colors.background;
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeText(text, left, height);
    context.fillText(text, left, height);
  };
  context.font = colors.font;
  context.textBaseline = 'middle';
  context.fillStyle = colors.text;
  const side = isLast ? -TICK_HALF - 2 : TICK_HALF + 2;
  const widest = Math.min(90, room - 2 * TICK_HALF - 6);
  const align = isLast ? 'right' : 'left';
  for (const { position, label } of makeTicks(scale, Math.max(2, (bottom - top) / TICK_SPACING))) {
    const height = toY(position, top, bottom);
    context.fillRect(x - 2.5, height - 0.5, 5, 1);
    write(truncate(context, label, widest), x + side, height, align);
  }
  context.fillStyle = colors.muted;
  if (hasMissing) {
    write('–', x, bottom + MISSING_OFFSET, 'center');
  }
  context.font = `600 ${colors.font}`;
  context.fillStyle = colors.text;
  const name = truncate(context, title, Math.max(40, room - 8));
  const half = context.measureText(name).width / 2;
  write(name, Math.max(half + 2, Math.min(width - half - 2, x)), 10, 'center');
  context.font = colors.font;
}

export function drawFocus(
  context: CanvasRenderingContext2D,
  layout: ILayout,
  positions: Float32Array,
  run: number,
  color: string,
  colors: IThemeColors
): void {
  context.lineJoin = 'round';
  for (const [line, wide] of [
    [colors.background, 6],
    [color, 3]
  ] as const) {
    context.strokeStyle = line;
    context.lineWidth = wide;
    context.beginPath();
    tracePath(context, layout, positions, run);
    context.stroke();
  }
}
