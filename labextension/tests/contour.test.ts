import { describe, expect, it } from 'vitest';

import { CELLS, sampled, surfaceOf, widthFor } from '../src/charts/contour';
import { goodnessOf } from '../src/charts/goodness';
import { css, goodness } from '../src/charts/palette';

const SMOOTH = { cells: CELLS, smooth: true };
const BOTH = { x: true, y: true };

describe('a surface', () => {
  it('has the value of a run at its place, and says nothing far from it', () => {
    const surface = surfaceOf([{ x: 0.2, y: 0.2, value: 0.7 }], SMOOTH, SMOOTH);
    const here = sampled(surface, 0.2, 0.2, BOTH);
    expect(here.value).toBeCloseTo(0.7);
    expect(here.trust).toBeGreaterThan(0.6);
    expect(sampled(surface, 0.95, 0.95, BOTH).trust).toBeLessThan(0.01);
  });

  it('lies between the values around, never beyond them', () => {
    const spots = Array.from({ length: 200 }, (_, index) => {
      const [x, y] = [(index * 0.618) % 1, (index * 0.414) % 1];
      return { x, y, value: x };
    });
    const surface = surfaceOf(spots, SMOOTH, SMOOTH);
    const [left, middle, right] = [0.1, 0.5, 0.9].map(x => sampled(surface, x, 0.5, BOTH).value);
    expect(left).toBeLessThan(middle);
    expect(middle).toBeLessThan(right);
    expect(middle).toBeCloseTo(0.5, 1);
    expect(Math.min(...surface.values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...surface.values)).toBeLessThanOrEqual(1);
  });

  it('has nothing between categories', () => {
    const two = { cells: 2, smooth: false };
    const surface = surfaceOf(
      [
        { x: 0.25, y: 0.5, value: 0 },
        { x: 0.75, y: 0.5, value: 1 }
      ],
      two,
      SMOOTH
    );
    const at = (x: number) => sampled(surface, x, 0.5, { x: false, y: true }).value;
    expect(at(0.49)).toBeCloseTo(0);
    expect(at(0.51)).toBeCloseTo(1);
  });

  it('is finer the more runs there are', () => {
    expect(widthFor(5)).toBeGreaterThan(widthFor(500));
    expect(widthFor(0)).toBe(0.2);
    expect(widthFor(1e9)).toBe(0.03);
  });

  it('is quick for ten thousand runs', () => {
    const spots = Array.from({ length: 10_000 }, (_, index) => ({
      x: (index * 0.618) % 1,
      y: (index * 0.414) % 1,
      value: 0.5
    }));
    const begin = performance.now();
    surfaceOf(spots, SMOOTH, SMOOTH);
    // Each run with each cell would be ninety million exponentials: seconds.
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

describe('goodness', () => {
  it('goes from the worst to the best, whichever way that is', () => {
    expect(goodnessOf([1, 2, 3], false)?.of(1)).toBe(1);
    expect(goodnessOf([1, 2, 3], true)?.of(1)).toBe(0);
    expect(goodnessOf([1, 2, 3], true)?.of(2)).toBe(0.5);
    expect(goodnessOf([1, 10, 100], true, true)?.of(10)).toBeCloseTo(0.5);
    expect(goodnessOf([null], true)).toBeNull();
  });

  it('does not let one diverged run pale all others', () => {
    const values = Array.from({ length: 50 }, (_, index) => index / 50);
    const scale = goodnessOf([...values, 1e9], false);
    expect(scale?.worst).toBeLessThan(1);
    expect(scale?.of(1e9)).toBe(0);
    expect(scale?.of(0.5)).toBeGreaterThan(0.4);
  });

  it('is told by colours whose lightness rises evenly, the best farthest from the page', () => {
    const lightness = (place: number, dark: boolean) => {
      const [red, green, blue] = goodness(place, dark);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const places = Array.from({ length: 11 }, (_, index) => index / 10);
    for (const dark of [false, true]) {
      const steps = places.slice(1).map(place => {
        return lightness(place, dark) - lightness(place - 0.1, dark);
      });
      expect(steps.every(step => (dark ? step > 5 : step < -5))).toBe(true);
    }
    expect(css([1, 2, 3], 0.5)).toBe('rgba(1, 2, 3, 0.5)');
  });
});
