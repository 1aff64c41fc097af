import { describe, expect, it } from 'vitest';

import {
  GRID_CELLS,
  sampleSurface,
  interpolate,
  bandwidthFor
} from '../../src/charts/interpolation';
import { objectiveScale } from '../../src/charts/objectiveScale';
import { toCss, objectiveColor } from '../../src/charts/palette';
import { costRatio } from '../cost';

const SMOOTH = { cells: GRID_CELLS, isContinuous: true };
const BOTH = { x: true, y: true };

describe('a surface', () => {
  it('has the value of a run at its position, and no confidence far from it', () => {
    const surface = interpolate([{ x: 0.2, y: 0.2, value: 0.7 }], SMOOTH, SMOOTH);
    const here = sampleSurface(surface, 0.2, 0.2, BOTH);
    expect(here.value).toBeCloseTo(0.7);
    expect(here.trust).toBeGreaterThan(0.6);
    expect(sampleSurface(surface, 0.95, 0.95, BOTH).trust).toBeLessThan(0.01);
  });

  it('stays between the surrounding values', () => {
    const spots = Array.from({ length: 200 }, (_, index) => {
      const [x, y] = [(index * 0.618) % 1, (index * 0.414) % 1];
      return { x, y, value: x };
    });
    const surface = interpolate(spots, SMOOTH, SMOOTH);
    const [left, middle, right] = [0.1, 0.5, 0.9].map(
      x => sampleSurface(surface, x, 0.5, BOTH).value
    );
    expect(left).toBeLessThan(middle);
    expect(middle).toBeLessThan(right);
    expect(middle).toBeCloseTo(0.5, 1);
    expect(Math.min(...surface.values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...surface.values)).toBeLessThanOrEqual(1);
  });

  it('does not interpolate between categories', () => {
    const two = { cells: 2, isContinuous: false };
    const surface = interpolate(
      [
        { x: 0.25, y: 0.5, value: 0 },
        { x: 0.75, y: 0.5, value: 1 }
      ],
      two,
      SMOOTH
    );
    const at = (x: number) => sampleSurface(surface, x, 0.5, { x: false, y: true }).value;
    expect(at(0.49)).toBeCloseTo(0);
    expect(at(0.51)).toBeCloseTo(1);
  });

  it('is finer with more runs', () => {
    expect(bandwidthFor(5)).toBeGreaterThan(bandwidthFor(500));
    expect(bandwidthFor(0)).toBe(0.2);
    expect(bandwidthFor(1e9)).toBe(0.03);
  });

  it('is fast for ten thousand runs', () => {
    const spots = (length: number) =>
      Array.from({ length }, (_, index) => ({
        x: (index * 0.618) % 1,
        y: (index * 0.414) % 1,
        value: 0.5
      }));
    const [few, many] = [spots(100), spots(10_000)];
    // Combining each run with each cell would take a hundred times as long.
    const ratio = costRatio(
      () => interpolate(many, SMOOTH, SMOOTH),
      () => interpolate(few, SMOOTH, SMOOTH)
    );
    expect(ratio).toBeLessThan(25);
  });
});

describe('the objective scale', () => {
  it('ranges from the worst to the best in either direction', () => {
    expect(objectiveScale([1, 2, 3], false)?.normalize(1)).toBe(1);
    expect(objectiveScale([1, 2, 3], true)?.normalize(1)).toBe(0);
    expect(objectiveScale([1, 2, 3], true)?.normalize(2)).toBe(0.5);
    expect(objectiveScale([1, 10, 100], true, true)?.normalize(10)).toBeCloseTo(0.5);
    expect(objectiveScale([null], true)).toBeNull();
  });

  it('does not let one diverged run fade all others', () => {
    const values = Array.from({ length: 50 }, (_, index) => index / 50);
    const scale = objectiveScale([...values, 1e9], false);
    expect(scale?.worst).toBeLessThan(1);
    expect(scale?.normalize(1e9)).toBe(0);
    expect(scale?.normalize(0.5)).toBeGreaterThan(0.4);
  });

  it('uses colors whose lightness increases evenly, with the best farthest from the page', () => {
    const lightness = (place: number, dark: boolean) => {
      const [red, green, blue] = objectiveColor(place, dark);
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const places = Array.from({ length: 11 }, (_, index) => index / 10);
    for (const dark of [false, true]) {
      const steps = places.slice(1).map(place => {
        return lightness(place, dark) - lightness(place - 0.1, dark);
      });
      expect(steps.every(step => (dark ? step > 5 : step < -5))).toBe(true);
    }
    expect(toCss([1, 2, 3], 0.5)).toBe('rgba(1, 2, 3, 0.5)');
  });
});
