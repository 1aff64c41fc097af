import { describe, expect, it } from 'vitest';

import {
  yExtent,
  type ISeries,
  nearestIndex,
  toSeries,
  midpoints,
  nearestSample,
  alignTo,
  samplesAt,
  smoothingSpan,
  xRange
} from '../../src/charts/series';
import { smooth } from '../../src/charts/smoothing';
import type { Curve } from '../../src/api/schemas';

function aCurve(changes: Partial<Curve> = {}): Curve {
  return { run: 'a', key: 'loss', start: 0, x: [0, 1, 2], low: [3, 2, 1], high: null, ...changes };
}

function aLine(id: string, x: number[], y: (number | null)[]): ISeries {
  return { id, number: 0, color: 'red', x, y, low: null, high: null, smoothed: y };
}

describe('smoothing', () => {
  it('leaves values unchanged when off', () => {
    expect(smooth([0, 1], [1, 2], 0, 1)).toEqual([1, 2]);
  });

  it('keeps a constant, from the first point on', () => {
    const x = [0, 1, 2, 3];
    for (const value of smooth(x, [5, 5, 5, 5], 0.9, 3)) {
      expect(value).toBeCloseTo(5);
    }
  });

  it('weights by distance along the axis, as W&B does', () => {
    // On an axis of length 1000, the second point is one unit away: a weight of sqrt(0.25) = 0.5.
    const [first, second, third] = smooth([0, 1, 3], [0, 1, 1], 0.25, 1000);
    expect(first).toBe(0);
    expect(second).toBeCloseTo(1 / 1.5);
    // Two units away: 0.5 ** 2 of the sum so far.
    expect(third).toBeCloseTo((1 * 0.25 + 1) / (1.5 * 0.25 + 1));
  });

  it('gives the same result for a curve with twice as many points', () => {
    const fine = Array.from({ length: 1001 }, (_, step) => step);
    const coarse = fine.filter(step => step % 2 === 0);
    const value = (step: number) => (step < 500 ? 0 : 1);
    const one = smooth(fine, fine.map(value), 0.98, 1000);
    const other = smooth(coarse, coarse.map(value), 0.98, 1000);
    expect(one[600]).toBeCloseTo(other[300] ?? NaN, 1);
  });

  it('is visible on few points', () => {
    const x = Array.from({ length: 27 }, (_, step) => 100 * step);
    const y = x.map((_, index) => index % 2);
    const span = smoothingSpan([{ x }]);
    const change = (values: readonly (number | null)[]) =>
      Math.max(
        ...values.slice(5).map((value, index) => Math.abs((value ?? 0) - (values[index + 4] ?? 0)))
      );
    expect(change(smooth(x, y, 0.8, span))).toBeLessThan(0.3);
    expect(change(y)).toBe(1);
    // One unit lies between neighbors: a weight of sqrt(0.81).
    const [first, second] = smooth([0, 100], [0, 1], 0.81, smoothingSpan([{ x: [0, 100] }]));
    expect([first, second]).toEqual([0, 1 / 1.9]);
  });

  it('is W&B’s on many points', () => {
    const x = Array.from({ length: 2001 }, (_, step) => step);
    expect(smoothingSpan([{ x }, { x: [0, 2000] }])).toBe(2000);
    expect([smoothingSpan([]), smoothingSpan([{ x: [3] }])]).toEqual([0, 0]);
  });

  it('skips gaps', () => {
    const values = smooth([0, 1, 2], [1, null, 3], 0.5, 2);
    expect(values[1]).toBeNull();
    expect(values[2]).toBeGreaterThan(1);
  });
});

describe('a curve', () => {
  it('passes through the midpoint of each bucket', () => {
    expect(midpoints(aCurve({ low: [1, null, 3], high: [3, null, null] }))).toEqual([2, null, 3]);
    const curve = aCurve();
    expect(midpoints(curve)).toBe(curve.low);
  });

  it('can be plotted over another key', () => {
    const epoch = aCurve({ key: 'epoch', x: [0, 2, 4], low: [0, 1, 2] });
    const crossed = alignTo(aCurve({ x: [0, 1, 2, 4], low: [9, 8, 7, 6] }), epoch);
    expect(crossed.x).toEqual([0, 0.5, 1, 2]);
    expect(crossed.low).toEqual([9, 8, 7, 6]);
  });

  it('is sorted by a descending key', () => {
    const left = aCurve({ key: 'left', low: [2, 1, 0] });
    const crossed = alignTo(aCurve(), left);
    expect(crossed.x).toEqual([0, 1, 2]);
    expect(crossed.low).toEqual([1, 2, 3]);
  });

  it('starts where the other key starts', () => {
    const late = aCurve({ key: 'late', x: [2, 3], low: [10, 11] });
    expect(alignTo(aCurve(), late)).toMatchObject({ x: [10], low: [1] });
    expect(alignTo(aCurve(), aCurve({ x: [], low: [] })).x).toEqual([]);
  });

  it('keeps its range, and is smoothed only on request', () => {
    const run = { id: 'a', number: 1, color: 'red' };
    const plain = toSeries(aCurve(), run, 0, 2);
    expect(plain.low).toBeNull();
    expect(plain.smoothed).toBe(plain.y);
    const ranged = toSeries(aCurve({ high: [5, 4, 3] }), run, 0.5, 2);
    expect(ranged.y).toEqual([4, 3, 2]);
    expect(ranged.low).toEqual([3, 2, 1]);
    expect(ranged.smoothed).not.toBe(ranged.y);
  });
});

describe('the visible part', () => {
  it('spans the first to the last x of all curves', () => {
    expect(xRange([{ x: [3, 5] }, { x: [] }, { x: [1, 4] }])).toEqual([1, 5]);
    expect(xRange([])).toBeNull();
  });

  it('fits the visible values and their neighbors', () => {
    const line = { x: [0, 1, 2, 3, 4, 5], y: [100, 1, 2, 3, 4, 100] };
    const scale = yExtent([line], 2, 3, false);
    expect(scale?.low).toBeCloseTo(1 - 0.12);
    expect(scale?.high).toBeCloseTo(4 + 0.12);
    expect(yExtent([{ x: [0], y: [-1] }], 0, 1, true)).toBeNull();
  });

  it('is found by its x', () => {
    expect(nearestIndex([0, 10, 20], 14)).toBe(1);
    expect(nearestIndex([0, 10, 20], 16)).toBe(2);
    expect(nearestIndex([0, 10, 20], -5)).toBe(0);
    expect(nearestIndex([0, 10, 20], 99)).toBe(2);
    expect(nearestIndex([], 1)).toBe(-1);
  });

  it('has the samples of all runs, best first', () => {
    const lines = [
      aLine('slow', [0, 10], [3, 2]),
      aLine('good', [0, 10], [3, 1]),
      aLine('short', [0, 1], [3, 0]),
      aLine('gap', [0, 10], [3, null]),
      aLine('empty', [], [])
    ];
    const runs = (maximize: boolean) => samplesAt(lines, 10, maximize).map(each => each.series.id);
    expect(runs(false)).toEqual(['good', 'slow']);
    expect(runs(true)).toEqual(['slow', 'good']);
    expect(samplesAt(lines, 0, false)).toHaveLength(4);
  });

  it('finds the nearest sample within reach', () => {
    const found = samplesAt([aLine('a', [0], [1]), aLine('b', [0], [5])], 0, false);
    const near = (value: number) => nearestSample(found, each => Math.abs(each - value), 1);
    expect(near(4.5)?.series.id).toBe('b');
    expect(near(3)).toBeNull();
  });
});
