import { expect, it } from 'vitest';

import { downsample } from '../../src/charts/downsample';

const ITEMS = Array.from({ length: 1000 }, (_, index) => index);

it('keeps at most as many items as requested, evenly spaced, with the last one', () => {
  expect(downsample(ITEMS, 2)).toEqual([499, 999]);
  expect(downsample(ITEMS, 1)).toEqual([999]);
  for (const limit of [3, 300, 501, 999]) {
    const kept = downsample(ITEMS, limit);
    expect(kept).toHaveLength(limit);
    expect(kept.at(-1)).toBe(999);
    const gaps = kept.slice(1).map((item, index) => item - kept[index]);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  }
});

it('returns the same array if it fits', () => {
  expect(downsample(ITEMS, 1000)).toBe(ITEMS);
  expect(downsample([], 10)).toEqual([]);
});
