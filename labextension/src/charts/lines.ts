/** Curves as lines on a chart: over which x, which range, how smooth; and what lies at a point. Pure. */

import type { Curve } from '../wire';
import { type INumberScale, numberScale } from './scale';
import { smoothed } from './smoothing';

/** What is drawn of one run. */
export interface ILine {
  run: string;
  number: number;
  colour: string;
  x: readonly number[];
  /** What was logged, or the middle of what a point stands for. */
  y: readonly (number | null)[];
  /** From where to where a point's values go; null where each is a single one. */
  low: readonly (number | null)[] | null;
  high: readonly (number | null)[] | null;
  /** `y` made smooth; the same array where it is not. */
  smooth: readonly (number | null)[];
}

/** The middle of each point of a curve. */
export function middles({ low, high }: Curve): readonly (number | null)[] {
  if (high === null) {
    return low;
  }
  return low.map((each, index) => {
    const other = high[index];
    return each === null || other === null ? (each ?? other) : (each + other) / 2;
  });
}

/** A curve over another one's values instead of its step, in rising order of these. */
export function over(curve: Curve, x: Curve): Curve {
  const at = middles(x);
  const points: { x: number; index: number }[] = [];
  let place = 0;
  curve.x.forEach((step, index) => {
    while (place + 1 < x.x.length && x.x[place + 1] <= step) {
      place += 1;
    }
    const [before, after] = [at[place], at[place + 1] ?? null];
    if (x.x.length === 0 || before === null || step < x.x[0]) {
      return;
    }
    const span = (x.x[place + 1] ?? step) - x.x[place];
    const share = after === null || span <= 0 ? 0 : Math.min(1, (step - x.x[place]) / span);
    points.push({ x: before + share * ((after ?? before) - before), index });
  });
  points.sort((one, other) => one.x - other.x || one.index - other.index);
  return {
    ...curve,
    x: points.map(point => point.x),
    low: points.map(point => curve.low[point.index]),
    high: curve.high && points.map(point => curve.high?.[point.index] ?? null)
  };
}

export function lineOf(
  curve: Curve,
  run: { id: string; number: number; colour: string },
  amount: number,
  span: number
): ILine {
  const y = middles(curve);
  const { high } = curve;
  return {
    run: run.id,
    number: run.number,
    colour: run.colour,
    x: curve.x,
    y,
    low: high === null ? null : curve.low,
    high,
    smooth: amount > 0 ? smoothed(curve.x, y, amount, span) : y
  };
}

/** From the first to the last x of all; null without any. */
export function spanOf(curves: Iterable<{ x: readonly number[] }>): [number, number] | null {
  let [low, high] = [Infinity, -Infinity];
  for (const { x } of curves) {
    if (x.length > 0) {
      low = Math.min(low, x[0]);
      high = Math.max(high, x[x.length - 1]);
    }
  }
  return low > high ? null : [low, high];
}

/** The scale on which everything lies that is to be seen from one x to another. */
export function heightOf(
  parts: Iterable<{ x: readonly number[]; y: readonly (number | null)[] }>,
  from: number,
  to: number,
  log: boolean
): INumberScale | null {
  let [low, high] = [Infinity, -Infinity];
  for (const { x, y } of parts) {
    // The neighbours outside count, too: their lines come in.
    const first = Math.max(0, indexAt(x, from) - 1);
    const last = Math.min(x.length - 1, indexAt(x, to) + 1);
    for (let index = first; index <= last; index += 1) {
      const value = y[index];
      if (value !== null && (!log || value > 0)) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
  }
  const scale = numberScale([low, high], { log, room: 0.04 });
  // That both ends are whole says nothing of what lies between them.
  return scale && { ...scale, whole: false };
}

/** The index of the point that is nearest to an x; `xs` rise. -1 without any. */
export function indexAt(xs: readonly number[], x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : Math.min(low, xs.length - 1);
}

/** What one run has at an x. */
export interface IReading {
  line: ILine;
  index: number;
  value: number;
}

/** What all runs have at an x, the best ones first; those that were not there are left out. */
export function readings(lines: readonly ILine[], x: number, maximize: boolean): IReading[] {
  const found: IReading[] = [];
  for (const line of lines) {
    const { x: xs, smooth } = line;
    const last = xs.length - 1;
    if (last < 0) {
      continue;
    }
    const reach = last > 0 ? (xs[last] - xs[0]) / last : 0;
    const index = indexAt(xs, x);
    const value = smooth[index];
    if (value !== null && x >= xs[0] - reach && x <= xs[last] + reach) {
      found.push({ line, index, value });
    }
  }
  return found.sort((one, other) =>
    maximize ? other.value - one.value : one.value - other.value
  );
}

/** The reading that is nearest to a value; null where none is within reach. */
export function nearestReading(
  found: readonly IReading[],
  distance: (value: number) => number,
  reach: number
): IReading | null {
  let [nearest, least]: [IReading | null, number] = [null, reach];
  for (const reading of found) {
    const away = distance(reading.value);
    if (away <= least) {
      [nearest, least] = [reading, away];
    }
  }
  return nearest;
}
