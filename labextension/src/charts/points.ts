/** Data as points between two axes: their positions, and the nearest one. Pure. */

import type { Cell } from '../format';
import type { MarkerShape } from './drawPoints';
import { jitterWidth, normalize, type Scale, jitter } from './scale';

/** A datum that a scatter chart shows as one point. */
export interface IDatum {
  id: string;
  number: number;
  x: Cell;
  y: Cell;
  /** The value from which the surface is interpolated. */
  value: number | null;
  color: string;
  shape: MarkerShape;
}

export interface IPoints {
  /** The data that have a position on both axes, with these positions (0 to 1). */
  data: readonly IDatum[];
  x: Float32Array;
  y: Float32Array;
  /** The number of data without a position. */
  omittedCount: number;
}

export function toPoints(data: readonly IDatum[], x: Scale, y: Scale): IPoints {
  const [xWidth, yWidth] = [jitterWidth(x, data.length), jitterWidth(y, data.length)];
  const placed: IDatum[] = [];
  const positions: number[] = [];
  for (const datum of data) {
    const xPosition = normalize(x, datum.x);
    const yPosition = normalize(y, datum.y);
    if (xPosition !== null && yPosition !== null) {
      positions.push(
        xPosition + xWidth * jitter(datum.number, 0),
        yPosition + yWidth * jitter(datum.number, 1)
      );
      placed.push(datum);
    }
  }
  return {
    data: placed,
    x: Float32Array.from(placed, (_, index) => positions[2 * index]),
    y: Float32Array.from(placed, (_, index) => positions[2 * index + 1]),
    omittedCount: data.length - placed.length
  };
}

/** The index of the point nearest to a position, within reach; -1 if there is none. */
export function nearestPoint(
  { x, y }: IPoints,
  position: { x: number; y: number },
  size: { width: number; height: number },
  maxDistance: number
): number {
  let [nearest, minSquared] = [-1, maxDistance * maxDistance];
  for (let index = 0; index < x.length; index += 1) {
    const dx = (x[index] - position.x) * size.width;
    const dy = (y[index] - position.y) * size.height;
    const squared = dx * dx + dy * dy;
    if (squared <= minSquared) {
      [nearest, minSquared] = [index, squared];
    }
  }
  return nearest;
}

/** The indices in keyboard order: from left to right. */
export function readingOrder({ x, y }: IPoints): number[] {
  return [...x.keys()].sort((a, b) => x[a] - x[b] || y[a] - y[b]);
}
