/** The values of a sweep's runs, and the best of them so far, run by run. Pure. */

import type { RunRow } from '../../../wire';

export interface IPoint {
  run: string;
  number: number;
  value: number;
}

export interface IProgress {
  /** Runs with a value, in order of number. */
  points: readonly IPoint[];
  /** Those that were better than all before them. */
  records: readonly IPoint[];
  /** What to show of the values: the best, and all others but a few that lie far off. */
  low: number;
  high: number;
}

/** The share of values at the worse end that may lie outside of what is shown… */
const OUTLIERS = 0.1;
/** …if they take more than this many times the room of all others. */
const TOO_FAR = 3;

/** Null as long as no run has a value. */
export function progressOf(rows: readonly RunRow[], maximize: boolean): IProgress | null {
  const points: IPoint[] = [];
  const records: IPoint[] = [];
  let best = maximize ? -Infinity : Infinity;
  for (const { id, number, value } of rows) {
    if (value !== null) {
      const point = { run: id, number, value };
      points.push(point);
      if (maximize ? value > best : value < best) {
        best = value;
        records.push(point);
      }
    }
  }
  if (points.length === 0) {
    return null;
  }
  const values = Float64Array.from(points, point => point.value).sort();
  const cut = Math.floor(values.length * OUTLIERS);
  const [worst, usual] = maximize
    ? [values[0], values[cut]]
    : [values[values.length - 1], values[values.length - 1 - cut]];
  const far = Math.abs(worst - best) > TOO_FAR * Math.abs(usual - best);
  const end = far ? usual : worst;
  return { points, records, low: Math.min(best, end), high: Math.max(best, end) };
}

/** At most so many points, evenly chosen: a cloud of them looks the same. */
export function thinned(points: readonly IPoint[], most: number): readonly IPoint[] {
  if (points.length <= most) {
    return points;
  }
  const step = points.length / most;
  return Array.from({ length: most }, (_, place) => points[Math.floor(place * step)]);
}

/** The point whose number is nearest. */
export function nearest(points: readonly IPoint[], number: number): IPoint {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].number < number) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const before = points[Math.max(0, low - 1)];
  const after = points[low];
  return Math.abs(before.number - number) < Math.abs(after.number - number) ? before : after;
}
