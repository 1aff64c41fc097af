/** Runs as points between two axes: where they lie, and which is near. Pure. */

import { reader } from '../columns';
import type { RunRow } from '../wire';
import { pitchOf, placeOf, type Scale, scatter } from './scale';

export interface IPoints {
  /** Rows that have a place on both axes, with these places from 0 to 1. */
  rows: readonly RunRow[];
  x: Float32Array;
  y: Float32Array;
  /** How many have none. */
  left: number;
}

/** Where so many runs share one place that one would hide the other, they stand side by side. */
const FEW = 30;
const SPREAD = 0.5;

export function pointsOf(
  rows: readonly RunRow[],
  x: { column: string; scale: Scale },
  y: { column: string; scale: Scale }
): IPoints {
  const readers = [reader(x.column), reader(y.column)] as const;
  const [wide, tall] = rows.length > FEW ? [pitchOf(x.scale), pitchOf(y.scale)] : [0, 0];
  const kept: RunRow[] = [];
  const places: number[] = [];
  for (const row of rows) {
    const across = placeOf(x.scale, readers[0](row));
    const up = placeOf(y.scale, readers[1](row));
    if (across !== null && up !== null) {
      places.push(
        across + SPREAD * wide * scatter(row.number, 0),
        up + SPREAD * tall * scatter(row.number, 1)
      );
      kept.push(row);
    }
  }
  return {
    rows: kept,
    x: Float32Array.from(kept, (_, index) => places[2 * index]),
    y: Float32Array.from(kept, (_, index) => places[2 * index + 1]),
    left: rows.length - kept.length
  };
}

/** The index of the point nearest to a place, within reach; -1 without any. */
export function pointAt(
  { x, y }: IPoints,
  at: { x: number; y: number },
  size: { width: number; height: number },
  reach: number
): number {
  let [nearest, least] = [-1, reach * reach];
  for (let index = 0; index < x.length; index += 1) {
    const across = (x[index] - at.x) * size.width;
    const up = (y[index] - at.y) * size.height;
    const away = across * across + up * up;
    if (away <= least) {
      [nearest, least] = [index, away];
    }
  }
  return nearest;
}

/** Indices in the order in which keys go through points: from left to right. */
export function inOrder({ x, y }: IPoints): number[] {
  return [...x.keys()].sort((one, other) => x[one] - x[other] || y[one] - y[other]);
}
