/** Data as points between two axes: their positions, and which one is near. Pure. */

import type { Cell } from '../format';
import type { MarkerShape } from './drawPoints';
import { stepSize, normalize, type Scale, jitter } from './scale';

/** What a scatter chart shows as one point. */
export interface IDatum {
  id: string;
  number: number;
  x: Cell;
  y: Cell;
  /** The value that a surface is interpolated from. */
  value: number | null;
  color: string;
  shape: MarkerShape;
}

export interface IPoints {
  /** The data that have a position on both axes, with these positions from 0 to 1. */
  data: readonly IDatum[];
  x: Float32Array;
  y: Float32Array;
  /** How many have none. */
  omittedCount: number;
}

/** Where so many runs share one place that one would hide the other, they stand side by side. */
const JITTER_FROM = 30;
const JITTER_WIDTH = 0.5;

export function toPoints(data: readonly IDatum[], x: Scale, y: Scale): IPoints {
  const [xStep, yStep] = data.length > JITTER_FROM ? [stepSize(x), stepSize(y)] : [0, 0];
  const placed: IDatum[] = [];
  const positions: number[] = [];
  for (const datum of data) {
    const xPosition = normalize(x, datum.x);
    const yPosition = normalize(y, datum.y);
    if (xPosition !== null && yPosition !== null) {
      positions.push(
        xPosition + JITTER_WIDTH * xStep * jitter(datum.number, 0),
        yPosition + JITTER_WIDTH * yStep * jitter(datum.number, 1)
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

/** The index of the point nearest to a place, within reach; -1 without any. */
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

/** Indices in the order in which keys go through points: from left to right. */
export function readingOrder({ x, y }: IPoints): number[] {
  return [...x.keys()].sort((a, b) => x[a] - x[b] || y[a] - y[b]);
}
