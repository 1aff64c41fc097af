/** Curves as lines on a chart: over which x, which range, how smooth; and what lies at a point. Pure. */

import type { Curve } from '../api/schemas';
import { type INumberScale, numberScale } from './scale';
import { smooth } from './smoothing';

/** What is drawn of one run. */
export interface ISeries {
  id: string;
  number: number;
  color: string;
  x: readonly number[];
  /** What was logged, or the middle of what a point stands for. */
  y: readonly (number | null)[];
  /** From where to where a point's values go; null where each is a single one. */
  low: readonly (number | null)[] | null;
  high: readonly (number | null)[] | null;
  /** `y` made smooth; the same array where it is not. */
  smoothed: readonly (number | null)[];
}

/** The middle of each point of a curve. */
export function midpoints({ low, high }: Curve): readonly (number | null)[] {
  if (high === null) {
    return low;
  }
  return low.map((value, index) => {
    const highValue = high[index];
    return value === null || highValue === null ? (value ?? highValue) : (value + highValue) / 2;
  });
}

/** A curve over another one's values instead of its step, in rising order of these. */
export function alignTo(curve: Curve, x: Curve): Curve {
  const xValues = midpoints(x);
  const points: { x: number; index: number }[] = [];
  let cursor = 0;
  curve.x.forEach((step, index) => {
    while (cursor + 1 < x.x.length && x.x[cursor + 1] <= step) {
      cursor += 1;
    }
    const [previous, next] = [xValues[cursor], xValues[cursor + 1] ?? null];
    if (x.x.length === 0 || previous === null || step < x.x[0]) {
      return;
    }
    const span = (x.x[cursor + 1] ?? step) - x.x[cursor];
    const share = next === null || span <= 0 ? 0 : Math.min(1, (step - x.x[cursor]) / span);
    points.push({ x: previous + share * ((next ?? previous) - previous), index });
  });
  points.sort((a, b) => a.x - b.x || a.index - b.index);
  return {
    ...curve,
    x: points.map(point => point.x),
    low: points.map(point => curve.low[point.index]),
    high: curve.high && points.map(point => curve.high?.[point.index] ?? null)
  };
}

export function toSeries(
  curve: Curve,
  run: { id: string; number: number; color: string },
  smoothing: number,
  span: number
): ISeries {
  const y = midpoints(curve);
  const { high } = curve;
  return {
    id: run.id,
    number: run.number,
    color: run.color,
    x: curve.x,
    y,
    low: high === null ? null : curve.low,
    high,
    smoothed: smoothing > 0 ? smooth(curve.x, y, smoothing, span) : y
  };
}

/** From the first to the last x of all; null without any. */
export function xRange(curves: Iterable<{ x: readonly number[] }>): [number, number] | null {
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
export function yExtent(
  parts: Iterable<{ x: readonly number[]; y: readonly (number | null)[] }>,
  from: number,
  to: number,
  log: boolean
): INumberScale | null {
  let [low, high] = [Infinity, -Infinity];
  for (const { x, y } of parts) {
    // The neighbors outside count, too: their lines come in.
    const first = Math.max(0, nearestIndex(x, from) - 1);
    const last = Math.min(x.length - 1, nearestIndex(x, to) + 1);
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
  return scale && { ...scale, isInteger: false };
}

/** The index of the point that is nearest to an x; `xs` rise. -1 without any. */
export function nearestIndex(xs: readonly number[], x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const mid = (low + high) >> 1;
    if (xs[mid] < x) {
      low = mid + 1;
    } else {
      high = mid;
    }
  }
  return low > 0 && x - xs[low - 1] <= xs[low] - x ? low - 1 : Math.min(low, xs.length - 1);
}

/** What one run has at an x. */
export interface ISample {
  series: ISeries;
  index: number;
  value: number;
}

/** What all runs have at an x, the best ones first; those that were not there are left out. */
export function samplesAt(
  seriesList: readonly ISeries[],
  x: number,
  maximize: boolean
): ISample[] {
  const samples: ISample[] = [];
  for (const series of seriesList) {
    const { x: xs, smoothed } = series;
    const last = xs.length - 1;
    if (last < 0) {
      continue;
    }
    const tolerance = last > 0 ? (xs[last] - xs[0]) / last : 0;
    const index = nearestIndex(xs, x);
    const value = smoothed[index];
    if (value !== null && x >= xs[0] - tolerance && x <= xs[last] + tolerance) {
      samples.push({ series, index, value });
    }
  }
  return samples.sort((a, b) => (maximize ? b.value - a.value : a.value - b.value));
}

/** The reading that is nearest to a value; null where none is within reach. */
export function nearestSample(
  samples: readonly ISample[],
  distance: (value: number) => number,
  maxDistance: number
): ISample | null {
  let [nearest, minDistance]: [ISample | null, number] = [null, maxDistance];
  for (const sample of samples) {
    const delta = distance(sample.value);
    if (delta <= minDistance) {
      [nearest, minDistance] = [sample, delta];
    }
  }
  return nearest;
}
