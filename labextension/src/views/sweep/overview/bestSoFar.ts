/** The values of a sweep's runs, and the best value so far, run by run. Pure. */

import type { RunRow } from '../../../api/schemas';
import { countedSets, repeatedSets } from '../../../models/repeats';

export interface IRunValue {
  run: string;
  number: number;
  value: number;
}

export interface IBestSoFar {
  /** Runs with a value, in order of number. */
  points: readonly IRunValue[];
  /** Runs that were better than all before them; of repeats, the first one with their mean. */
  improvements: readonly IRunValue[];
  /** The visible range of values: the best one, and all others except distant outliers. */
  low: number;
  high: number;
}

/** The share of the worst values that may be outside of the visible range… */
const OUTLIERS = 0.1;
/** …if they take more than this many times the room of all others. */
const OUTLIER_FACTOR = 3;

/** Null until a run has a value; with repeats, the best value is the best mean so far. */
export function bestSoFar(
  rows: readonly RunRow[],
  maximize: boolean,
  repeat = 1
): IBestSoFar | null {
  const points = rows.flatMap(({ id, number, value }): IRunValue[] =>
    value === null ? [] : [{ run: id, number, value }]
  );
  const candidates =
    repeat === 1
      ? points
      : countedSets(repeatedSets(rows, repeat)).map(({ rows: [first], mean }): IRunValue => ({
          run: first.id,
          number: first.number,
          value: mean
        }));
  const improvements: IRunValue[] = [];
  let best = maximize ? -Infinity : Infinity;
  for (const point of candidates) {
    if (maximize ? point.value > best : point.value < best) {
      best = point.value;
      improvements.push(point);
    }
  }
  if (points.length === 0 || improvements.length === 0) {
    return null;
  }
  const values = Float64Array.from(points, point => point.value).sort();
  const cut = Math.floor(values.length * OUTLIERS);
  const [worst, typical] = maximize
    ? [values[0], values[cut]]
    : [values[values.length - 1], values[values.length - 1 - cut]];
  const hasOutliers = Math.abs(worst - best) > OUTLIER_FACTOR * Math.abs(typical - best);
  const end = hasOutliers ? typical : worst;
  return { points, improvements, low: Math.min(best, end), high: Math.max(best, end) };
}

/** The point whose run number is nearest. */
export function nearestRun(points: readonly IRunValue[], number: number): IRunValue {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].number < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const previous = points[Math.max(0, low - 1)];
  const next = points[low];
  return Math.abs(previous.number - number) < Math.abs(next.number - number) ? previous : next;
}
