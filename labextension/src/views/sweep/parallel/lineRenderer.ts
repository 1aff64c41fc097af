/**
 * Draws many lines over parallel axes, as many at a time as fit into a frame.
 *
 * Drawing ten thousand lines takes longer than a frame, and while an axis is brushed each frame
 * starts over: lines are drawn in a scattered order, so that a partial drawing looks like the
 * whole, and the best ones last, on top. The frames themselves show how many lines fit.
 */

import { prepareCanvas } from '../../../charts/plotArea';
import { NO_POSITION } from './dimensions';

export interface ILayout {
  width: number;
  height: number;
  top: number;
  bottom: number;
  /** The positions of the axes, from left to right. */
  axes: readonly number[];
}

export interface ILineDrawing {
  layout: ILayout;
  /** By run and axis. */
  positions: Float32Array;
  /** Which runs are drawn, in this order. */
  order: readonly number[];
  colorOf: (run: number) => string;
  alpha: number;
  lineWidth: number;
}

/** Pixels below an axis at which runs without a value pass. */
export const MISSING_OFFSET = 16;
const INITIAL_BATCH = 600;
const MIN_BATCH = 150;
const SLOW_MS = 18.5;
const FAST_MS = 17.2;

export class LineRenderer {
  constructor(private readonly _canvas: HTMLCanvasElement) {}

  /**
   * Replace the current picture, and draw a first part of the new one at once. If only results have
   * changed, the current picture stays until the new one is complete, to avoid flicker.
   */
  draw(picture: ILineDrawing): void {
    cancelAnimationFrame(this._frame);
    const { layout, positions } = picture;
    const isUpdate = layout === this._current?.layout && positions !== this._current.positions;
    this._current = picture;
    this._backBuffer = isUpdate ? document.createElement('canvas') : null;
    const context = prepareCanvas(this._backBuffer ?? this._canvas, layout);
    if (context !== null) {
      this._adaptBatchSize(performance.now());
      this._drawBatch(context, picture, 0);
    }
  }

  stop(): void {
    cancelAnimationFrame(this._frame);
  }

  private _drawBatch(
    context: CanvasRenderingContext2D,
    picture: ILineDrawing,
    from: number
  ): void {
    const { order } = picture;
    const to = Math.min(order.length, from + this._batchSize);
    drawLines(context, picture, from, to);
    this._batchStarted = performance.now();
    this._wasFullBatch = to - from === this._batchSize;
    if (to === order.length && this._backBuffer !== null) {
      const { layout } = picture;
      prepareCanvas(this._canvas, layout)?.drawImage(
        this._backBuffer,
        0,
        0,
        layout.width,
        layout.height
      );
      this._backBuffer = null;
    } else if (to < order.length) {
      this._frame = requestAnimationFrame(now => {
        this._adaptBatchSize(now);
        this._drawBatch(context, picture, to);
      });
    }
  }

  /** Adapt the size of the next batch to the time since the last one. */
  private _adaptBatchSize(now: number): void {
    const elapsed = now - this._batchStarted;
    if (elapsed > 100) {
      // There was no drawing in between.
      return;
    }
    if (elapsed > SLOW_MS) {
      this._tooLargeBatch = this._batchSize;
      this._batchSize = Math.max(MIN_BATCH, Math.floor(this._batchSize * 0.7));
    } else if (elapsed < FAST_MS && this._wasFullBatch) {
      // Near a size that was too large before, increase it only a little.
      this._batchSize = Math.ceil(
        this._batchSize * (this._batchSize < 0.85 * this._tooLargeBatch ? 1.15 : 1.01)
      );
    }
  }

  private _backBuffer: HTMLCanvasElement | null = null;
  private _batchStarted = -Infinity;
  private _tooLargeBatch = Infinity;
  private _batchSize = INITIAL_BATCH;
  private _frame = 0;
  private _wasFullBatch = false;
  private _current: ILineDrawing | null = null;
}

function drawLines(
  context: CanvasRenderingContext2D,
  picture: ILineDrawing,
  from: number,
  to: number
): void {
  const { layout, positions, order, colorOf } = picture;
  context.globalAlpha = picture.alpha;
  context.lineWidth = picture.lineWidth;
  for (let index = from; index < to; index += 1) {
    const run = order[index];
    context.strokeStyle = colorOf(run);
    context.beginPath();
    tracePath(context, layout, positions, run);
    context.stroke();
  }
}

/** Trace the line of one run from axis to axis. */
export function tracePath(
  context: CanvasRenderingContext2D,
  { axes, top, bottom }: ILayout,
  positions: Float32Array,
  run: number
): void {
  const count = axes.length;
  for (let axis = 0; axis < count; axis += 1) {
    context.lineTo(axes[axis], toY(positions[run * count + axis], top, bottom));
  }
}

export function toY(position: number, top: number, bottom: number): number {
  return position === NO_POSITION ? bottom + MISSING_OFFSET : bottom + position * (top - bottom);
}

/** Runs in a scattered order, with the last runs of `worstFirst` at its end. */
export function scatterOrder(worstFirst: readonly number[], last: number): number[] {
  const count = Math.max(0, worstFirst.length - last);
  const order: number[] = [];
  // Steps of the golden ratio visit all regions before they return to one.
  let step = Math.max(1, Math.round(count * 0.618));
  while (greatestCommonDivisor(step, count) > 1) {
    step += 1;
  }
  for (
    let index = 0, position = 0;
    index < count;
    index += 1, position = (position + step) % count
  ) {
    order.push(worstFirst[position]);
  }
  return [...order, ...worstFirst.slice(count)];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** The run whose line is nearest to a point, and its distance; -1 if there is none. */
export function nearestLine(
  { layout, positions, order }: Pick<ILineDrawing, 'layout' | 'positions' | 'order'>,
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
  for (const candidate of order) {
    const startY = toY(positions[candidate * count + axis], top, bottom);
    const endY = toY(positions[candidate * count + next], top, bottom);
    const delta = Math.abs(startY + share * (endY - startY) - height);
    if (delta <= distance) {
      [run, distance] = [candidate, delta];
    }
  }
  return { run, distance };
}
