/** Curves as lines on a chart: their x axis, range and smoothing, and the samples at an x. Pure. */

import type { Curve } from '../api/schemas';
import { type INumberScale, numberScale } from './scale';
import { AXIS_LENGTH, smooth } from './smoothing';

/** What is drawn of one run. */
export interface ISeries {
  id: string;
  number: number;
  color: string;
  x: readonly number[];
  /** The logged values, or the midpoints of buckets. */
  y: readonly (number | null)[];
  /** The least and the greatest value of each bucket; null if all points are single values. */
  low: readonly (number | null)[] | null;
  high: readonly (number | null)[] | null;
  /** `y` smoothed; the same array if there is no smoothing. */
  smoothed: readonly (number | null)[];
}

/** The midpoint of each point of a curve. */
export function midpoints({ low, high }: Curve): readonly (number | null)[] {
  if (high === null) {
    return low;
  }
  return low.map((value, index) => {
    const highValue = high[index];
    return value === null || highValue === null ? (value ?? highValue) : (value + highValue) / 2;
  });
}

/** Plot a curve over the values of another one instead of its step, in ascending order. */
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

/** The first and the last x of all curves; null if there are none. */
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

/**
 * The span with which `smooth` treats some curves alike: the length of their common axis. If none of
 * them has as many points as the axis has units, the distance between the points of the longest
 * curve becomes one unit. Otherwise the weight of a neighbor would be almost 0, and nothing would
 * be smoothed.
 */
export function smoothingSpan(curves: readonly { x: readonly number[] }[]): number {
  const range = xRange(curves);
  const points = Math.max(0, ...curves.map(({ x }) => x.length));
  if (range === null || points < 2) {
    return 0;
  }
  return ((range[1] - range[0]) * AXIS_LENGTH) / Math.min(AXIS_LENGTH, points - 1);
}

/** The scale that contains everything visible between two x. */
export function yExtent(
  parts: Iterable<{ x: readonly number[]; y: readonly (number | null)[] }>,
  from: number,
  to: number,
  log: boolean,
  room = 0.04
): INumberScale | null {
  let [low, high] = [Infinity, -Infinity];
  for (const { x, y } of parts) {
    // Neighbors outside of the range count as well, because their lines reach into it.
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
  const scale = numberScale([low, high], { log, room });
  // The ends are whole numbers, but the values between them need not be.
  return scale && { ...scale, isInteger: false };
}

/** The index of the point nearest to an x; `xs` is ascending. -1 if there is none. */
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

/** The value of one run at an x. */
export interface ISample {
  series: ISeries;
  index: number;
  value: number;
}

/** The values of all runs at an x, best first; runs without a point there are left out. */
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

/** The sample nearest to a value; null if none is within reach. */
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
