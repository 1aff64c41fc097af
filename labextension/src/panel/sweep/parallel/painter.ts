/**
 * Draws many lines over parallel axes, as many at a time as fit into a frame.
 *
 * Ten thousand lines take longer than a frame, and while an axis is brushed each frame begins anew:
 * the lines come in a scattered order, so that the part that was drawn looks like the whole, and the
 * best ones come last, on top. How many fit is learned from the frames themselves.
 */

import { cleared } from '../../../charts/frame';
import { NOWHERE } from './dimensions';

export interface ILayout {
  width: number;
  height: number;
  top: number;
  bottom: number;
  /** Where the axes stand, from left to right. */
  axes: readonly number[];
}

export interface IPicture {
  layout: ILayout;
  /** By run and axis. */
  places: Float32Array;
  /** Which runs are drawn, in this order. */
  order: readonly number[];
  colourOf: (run: number) => string;
  alpha: number;
  lineWidth: number;
}

/** Pixels below an axis at which runs without a value pass. */
export const BELOW = 16;
const FIRST = 600;
const LEAST = 150;
const SLOW_MS = 18.5;
const FAST_MS = 17.2;

export class Painter {
  constructor(private readonly _canvas: HTMLCanvasElement) {}

  /**
   * Draw a picture instead of the one before, a first part of it at once. Where only results have
   * changed, the one before stays until the new one is whole: it must not flicker.
   */
  paint(picture: IPicture): void {
    cancelAnimationFrame(this._frame);
    const { layout, places } = picture;
    const isNews = layout === this._last?.layout && places !== this._last.places;
    this._last = picture;
    this._back = isNews ? document.createElement('canvas') : null;
    const context = cleared(this._back ?? this._canvas, layout);
    if (context !== null) {
      this._learn(performance.now());
      this._go(context, picture, 0);
    }
  }

  stop(): void {
    cancelAnimationFrame(this._frame);
  }

  private _go(context: CanvasRenderingContext2D, picture: IPicture, from: number): void {
    const { order } = picture;
    const to = Math.min(order.length, from + this._fits);
    drawLines(context, picture, from, to);
    this._begun = performance.now();
    this._full = to - from === this._fits;
    if (to === order.length && this._back !== null) {
      const { layout } = picture;
      cleared(this._canvas, layout)?.drawImage(this._back, 0, 0, layout.width, layout.height);
      this._back = null;
    } else if (to < order.length) {
      this._frame = requestAnimationFrame(now => {
        this._learn(now);
        this._go(context, picture, to);
      });
    }
  }

  /** See from the time since the last part how large the next one may be. */
  private _learn(now: number): void {
    const took = now - this._begun;
    if (took > 100) {
      // Nothing was going on in between.
      return;
    }
    if (took > SLOW_MS) {
      this._ceiling = this._fits;
      this._fits = Math.max(LEAST, Math.floor(this._fits * 0.7));
    } else if (took < FAST_MS && this._full) {
      // Near what was too much before, only a little is risked.
      this._fits = Math.ceil(this._fits * (this._fits < 0.85 * this._ceiling ? 1.15 : 1.01));
    }
  }

  private _back: HTMLCanvasElement | null = null;
  private _begun = -Infinity;
  private _ceiling = Infinity;
  private _fits = FIRST;
  private _frame = 0;
  private _full = false;
  private _last: IPicture | null = null;
}

function drawLines(
  context: CanvasRenderingContext2D,
  picture: IPicture,
  from: number,
  to: number
): void {
  const { layout, places, order, colourOf } = picture;
  context.globalAlpha = picture.alpha;
  context.lineWidth = picture.lineWidth;
  for (let index = from; index < to; index += 1) {
    const run = order[index];
    context.strokeStyle = colourOf(run);
    context.beginPath();
    tracePath(context, layout, places, run);
    context.stroke();
  }
}

/** The way of one run from axis to axis. */
export function tracePath(
  context: CanvasRenderingContext2D,
  { axes, top, bottom }: ILayout,
  places: Float32Array,
  run: number
): void {
  const count = axes.length;
  for (let axis = 0; axis < count; axis += 1) {
    context.lineTo(axes[axis], heightAt(places[run * count + axis], top, bottom));
  }
}

export function heightAt(place: number, top: number, bottom: number): number {
  return place === NOWHERE ? bottom + BELOW : bottom + place * (top - bottom);
}

/** Runs in a scattered order, the last ones of `worstFirst` at its end. */
export function scattered(worstFirst: readonly number[], last: number): number[] {
  const count = Math.max(0, worstFirst.length - last);
  const order: number[] = [];
  // Steps of the golden ratio come by everywhere before they come near a place again.
  let step = Math.max(1, Math.round(count * 0.618));
  while (divisor(step, count) > 1) {
    step += 1;
  }
  for (let index = 0, place = 0; index < count; index += 1, place = (place + step) % count) {
    order.push(worstFirst[place]);
  }
  return [...order, ...worstFirst.slice(count)];
}

function divisor(one: number, other: number): number {
  return other === 0 ? one : divisor(other, one % other);
}

/** The run whose line passes nearest to a point, and how far from it; -1 without any. */
export function lineAt(
  { layout, places, order }: Pick<IPicture, 'layout' | 'places' | 'order'>,
  left: number,
  height: number
): { run: number; distance: number } {
  const { axes, top, bottom } = layout;
  const count = axes.length;
  let axis = 0;
  while (axis < count - 2 && axes[axis + 1] < left) {
    axis += 1;
  }
  const next = Math.min(count - 1, axis + 1);
  const span = axes[next] - axes[axis];
  const share = span > 0 ? Math.min(1, Math.max(0, (left - axes[axis]) / span)) : 0;
  let [run, distance] = [-1, Infinity];
  for (const each of order) {
    const one = heightAt(places[each * count + axis], top, bottom);
    const other = heightAt(places[each * count + next], top, bottom);
    const away = Math.abs(one + share * (other - one) - height);
    if (away <= distance) {
      [run, distance] = [each, away];
    }
  }
  return { run, distance };
}
