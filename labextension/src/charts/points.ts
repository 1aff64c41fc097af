/** Runs as points between two axes: where they lie, and which is near. Pure. */

import { cellReader } from '../models/columns';
import type { RunRow } from '../api/schemas';
import { stepSize, normalize, type Scale, jitter } from './scale';

export interface IPoints {
  /** Rows that have a place on both axes, with these places from 0 to 1. */
  rows: readonly RunRow[];
  x: Float32Array;
  y: Float32Array;
  /** How many have none. */
  omittedCount: number;
}

/** Where so many runs share one place that one would hide the other, they stand side by side. */
const JITTER_FROM = 30;
const JITTER_WIDTH = 0.5;

export function toPoints(
  rows: readonly RunRow[],
  x: { column: string; scale: Scale },
  y: { column: string; scale: Scale }
): IPoints {
  const readers = [cellReader(x.column), cellReader(y.column)] as const;
  const [xStep, yStep] =
    rows.length > JITTER_FROM ? [stepSize(x.scale), stepSize(y.scale)] : [0, 0];
  const placedRows: RunRow[] = [];
  const positions: number[] = [];
  for (const row of rows) {
    const xPosition = normalize(x.scale, readers[0](row));
    const yPosition = normalize(y.scale, readers[1](row));
    if (xPosition !== null && yPosition !== null) {
      positions.push(
        xPosition + JITTER_WIDTH * xStep * jitter(row.number, 0),
        yPosition + JITTER_WIDTH * yStep * jitter(row.number, 1)
      );
      placedRows.push(row);
    }
  }
  return {
    rows: placedRows,
    x: Float32Array.from(placedRows, (_, index) => positions[2 * index]),
    y: Float32Array.from(placedRows, (_, index) => positions[2 * index + 1]),
    omittedCount: rows.length - placedRows.length
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
