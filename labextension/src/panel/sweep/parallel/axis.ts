/** Draws one of the parallel axes, and the line of one run across all of them. */

import { shortened } from '../../../charts/frame';
import type { IColours } from '../../../charts/theme';
import { ticksOf } from '../../../charts/ticks';
import type { IDimension } from './dimensions';
import { BELOW, heightAt, type ILayout, tracePath } from './painter';

const TICK = 36;
const HALF = 5;

export function drawAxis(
  context: CanvasRenderingContext2D,
  layout: ILayout,
  axis: number,
  { scale, title }: IDimension,
  holed: boolean,
  colours: IColours
): void {
  const { top, bottom, axes, width } = layout;
  const x = axes[axis] + 0.5;
  const room = axes.length > 1 ? axes[1] - axes[0] : width;
  const isLast = axis === axes.length - 1;
  context.strokeStyle = colours.text;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, bottom);
  context.stroke();

  const write = (text: string, left: number, height: number, align: CanvasTextAlign) => {
    // The page's colour around words keeps them readable above lines.
    context.textAlign = align;
    context.strokeStyle = colours.page;
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeText(text, left, height);
    context.fillText(text, left, height);
  };
  context.font = colours.font;
  context.textBaseline = 'middle';
  context.fillStyle = colours.text;
  const side = isLast ? -HALF - 2 : HALF + 2;
  const widest = Math.min(90, room - 2 * HALF - 6);
  const align = isLast ? 'right' : 'left';
  for (const { place, label } of ticksOf(scale, Math.max(2, (bottom - top) / TICK))) {
    const height = heightAt(place, top, bottom);
    context.fillRect(x - 2.5, height - 0.5, 5, 1);
    write(shortened(context, label, widest), x + side, height, align);
  }
  context.fillStyle = colours.quiet;
  if (holed) {
    write('–', x, bottom + BELOW, 'center');
  }
  context.font = `600 ${colours.font}`;
  context.fillStyle = colours.text;
  const name = shortened(context, title, Math.max(40, room - 8));
  const half = context.measureText(name).width / 2;
  write(name, Math.max(half + 2, Math.min(width - half - 2, x)), 10, 'center');
  context.font = colours.font;
}

export function drawFocus(
  context: CanvasRenderingContext2D,
  layout: ILayout,
  places: Float32Array,
  run: number,
  colour: string,
  colours: IColours
): void {
  context.lineJoin = 'round';
  for (const [line, wide] of [
    [colours.page, 6],
    [colour, 3]
  ] as const) {
    context.strokeStyle = line;
    context.lineWidth = wide;
    context.beginPath();
    tracePath(context, layout, places, run);
    context.stroke();
  }
}
