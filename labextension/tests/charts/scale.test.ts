import { describe, expect, it } from 'vitest';

import {
  categoryScale,
  numberScale,
  jitterWidth,
  stepSize,
  normalize,
  type Scale,
  makeScale,
  jitter,
  pixelMapper,
  invert,
  pad
} from '../../src/charts/scale';
import { tickStep, makeTicks } from '../../src/charts/ticks';

const LINEAR: Scale = { kind: 'linear', low: 0, high: 10 };
const LOG: Scale = { kind: 'log', low: 1e-4, high: 1 };
const WORDS: Scale = { kind: 'category', values: ['adam', 'lion', 'sgd'] };

describe('a scale', () => {
  it('inverts positions to the same values', () => {
    for (const scale of [LINEAR, LOG]) {
      for (const place of [0, 0.25, 0.5, 1]) {
        expect(normalize(scale, invert(scale, place))).toBeCloseTo(place);
      }
    }
    expect(invert(LOG, 0.5)).toBeCloseTo(0.01);
  });

  it('places categories in the centers of equal parts', () => {
    expect(normalize(WORDS, 'adam')).toBeCloseTo(1 / 6);
    expect(normalize(WORDS, 'sgd')).toBeCloseTo(5 / 6);
    expect(normalize(WORDS, 'rmsprop')).toBeNull();
    expect(invert(WORDS, 0.4)).toBe(1);
  });

  it('has no position for missing values, or for non-positive ones if logarithmic', () => {
    expect(normalize(LINEAR, null)).toBeNull();
    expect(normalize(LINEAR, 'text')).toBeNull();
    expect(normalize(LOG, 0)).toBeNull();
    expect(normalize(LOG, -1)).toBeNull();
    expect(normalize(LINEAR, -5)).toBe(-0.5);
  });

  it('maps to the same positions in pixels', () => {
    for (const scale of [LINEAR, LOG]) {
      const pixels = pixelMapper(scale, 300, 100);
      for (const place of [0, 0.3, 1]) {
        expect(pixels(invert(scale, place))).toBeCloseTo(300 - 200 * place);
      }
    }
    expect(pixelMapper(LOG, 0, 100)(0)).toBeNaN();
    expect(pixelMapper(WORDS, 0, 300)(1)).toBeCloseTo(150);
  });

  it('contains all its numbers, and knows whether they are integers', () => {
    expect(numberScale([3, 1, null, 2])).toMatchObject({ low: 1, high: 3, isInteger: true });
    expect(numberScale([1, 2.5])?.isInteger).toBe(false);
    expect(numberScale([-1, 0, 10, 0.1], { log: true })).toMatchObject({ low: 0.1, high: 10 });
    expect(numberScale([null, NaN, Infinity])).toBeNull();
  });

  it('always has a length', () => {
    for (const value of [0, 5, -3]) {
      const scale = numberScale([value]);
      expect(scale && scale.high > scale.low).toBe(true);
    }
    const log = numberScale([0.1], { log: true });
    expect(log && normalize(log, 0.1)).toBeCloseTo(0.5);
  });

  it('can be padded at both ends', () => {
    const wide = pad({ kind: 'linear', low: 0, high: 10 }, 0.1);
    expect(wide).toMatchObject({ low: -1, high: 11 });
    const log = pad({ kind: 'log', low: 1, high: 100 }, 0.5);
    expect(log.low).toBeCloseTo(0.1);
    expect(log.high).toBeCloseTo(1000);
  });

  it('is categorical if not all values are numbers', () => {
    expect(makeScale([1, 2, null], false, 0)?.kind).toBe('linear');
    expect(makeScale([1, 'auto'], false, 0)).toEqual({ kind: 'category', values: ['1', 'auto'] });
    expect(makeScale([true, false], false, 0)?.kind).toBe('category');
    expect(categoryScale(['10', '9', null])?.values).toEqual(['9', '10']);
    expect(makeScale([null], false, 0)).toBeNull();
    expect(makeScale([64, null, 8], false, 0, [8, 64, 32])).toEqual({
      kind: 'category',
      values: ['8', '32', '64'],
      numbers: [8, 32, 64]
    });
    expect(makeScale([7], false, 0, [8, 64])?.kind).toBe('linear');
  });

  it('knows the distance of its few positions', () => {
    expect(stepSize(WORDS)).toBeCloseTo(1 / 3);
    const whole = makeScale([1, 2, 8], false, 0.1);
    expect(whole).toMatchObject({ low: 0.5, high: 8.5 });
    expect(whole && stepSize(whole)).toBe(1 / 8);
    expect(stepSize({ kind: 'linear', low: 1, high: 500, isInteger: true })).toBe(0);
    expect(stepSize(LINEAR)).toBe(0);
    expect(makeScale([3], false, 0)).toMatchObject({ low: 1.5, high: 4.5 });
  });
});

describe('jitter', () => {
  const NUMBERS = Array.from({ length: 2000 }, (_, number) => number);

  it('moves nothing on an axis of numbers, and little between categories', () => {
    const whole = makeScale([1, 2, 8], false, 0.1);
    for (const scale of [LINEAR, LOG, whole ?? LINEAR]) {
      expect(jitterWidth(scale, 1000)).toBe(0);
    }
    const two: Scale = { kind: 'category', values: ['0.001', '0.1'], numbers: [0.001, 0.1] };
    for (const scale of [WORDS, two]) {
      expect(jitterWidth(scale, 1000)).toBeGreaterThan(0);
      expect(jitterWidth(scale, 1000)).toBeLessThanOrEqual(0.02);
      expect(jitterWidth(scale, 30)).toBe(0);
    }
    const many: Scale = { kind: 'category', values: NUMBERS.map(String) };
    expect(jitterWidth(many, 1e4)).toBeLessThan(1 / NUMBERS.length);
  });

  it('is even on each axis', () => {
    for (const axis of [0, 1, 7]) {
      const parts = [0, 0, 0, 0];
      for (const number of NUMBERS) {
        parts[Math.floor((jitter(number, axis) + 0.5) * 4)] += 1;
      }
      expect(Math.min(...parts)).toBeGreaterThan(440);
    }
  });

  it('is independent between axes and between runs, however runs are numbered', () => {
    const correlation = (x: readonly number[], y: readonly number[]) => {
      const dot = (a: readonly number[], b: readonly number[]) =>
        a.reduce((sum, value, index) => sum + value * b[index], 0);
      return Math.abs(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)));
    };
    for (const stride of [1, 2, 3, 8, 13, 21]) {
      const [x, y, z] = [0, 1, 2].map(axis => NUMBERS.map(n => jitter(n * stride, axis)));
      const next = NUMBERS.map(n => jitter((n + 1) * stride, 0));
      for (const other of [y, z, next]) {
        expect(correlation(x, other)).toBeLessThan(0.1);
        // Stripes: the fractional part of any combination with small factors is even, too.
        for (const [a, b] of [
          [1, 1],
          [1, -1],
          [2, -1],
          [1, -2],
          [3, -2]
        ]) {
          const parts = new Array<number>(8).fill(0);
          x.forEach((value, index) => {
            const mixed = a * value + b * other[index] + 8;
            parts[Math.floor((mixed % 1) * 8)] += 1;
          });
          expect(Math.max(...parts)).toBeLessThan(340);
        }
      }
    }
  });

  it('is the same for a run whenever it is drawn', () => {
    expect(jitter(41, 3)).toBe(jitter(41, 3));
  });
});

describe('ticks', () => {
  const labels = (scale: Scale, count: number, seconds = false) =>
    makeTicks(scale, count, seconds).map(tick => tick.label);

  it('are round numbers', () => {
    expect(labels(LINEAR, 5)).toEqual(['0', '2', '4', '6', '8', '10']);
    expect(labels({ kind: 'linear', low: 0.12, high: 0.39 }, 6)).toEqual([
      '0.15',
      '0.2',
      '0.25',
      '0.3',
      '0.35'
    ]);
    expect(labels({ kind: 'linear', low: -1e-7, high: 1e-7 }, 2)).toEqual(['-1e-7', '0', '1e-7']);
  });

  it('have distinct labels', () => {
    const near = labels({ kind: 'linear', low: 1.00001, high: 1.00005 }, 5);
    expect(new Set(near).size).toBe(near.length);
    expect(near.length).toBeGreaterThan(2);
  });

  it('terminate even if all values are equal except for rounding', () => {
    const scale = numberScale([0.001, 0.001 + 3e-19, 0.001 - 2e-19]);
    expect(scale && makeTicks(scale, 5).map(tick => tick.label)).toContain('0.001');
    for (const [low, high] of [
      [1e16, 1e16 + 2],
      [0, 0],
      [NaN, 1],
      [0, Infinity]
    ]) {
      expect(makeTicks({ kind: 'linear', low, high }, 5).length).toBeLessThan(20);
    }
  });

  it('are powers of ten on a logarithmic scale, with 2 and 5 if there is room', () => {
    expect(labels(LOG, 5)).toEqual(['1e-4', '0.001', '0.01', '0.1', '1']);
    expect(labels({ kind: 'log', low: 1, high: 100 }, 9)).toEqual([
      '1',
      '2',
      '5',
      '10',
      '20',
      '50',
      '100'
    ]);
    expect(labels({ kind: 'log', low: 1e-30, high: 1 }, 5).length).toBeLessThanOrEqual(6);
    // Within a decade they are those of a linear one.
    expect(labels({ kind: 'log', low: 2.1, high: 2.9 }, 4).length).toBeGreaterThan(2);
  });

  it('are integers if the values are', () => {
    expect(labels({ kind: 'linear', low: 0, high: 3, isInteger: true }, 10)).toEqual([
      '0',
      '1',
      '2',
      '3'
    ]);
  });

  it('are clock steps for seconds', () => {
    expect(tickStep(0, 100, 5, true)).toBe(30);
    expect(tickStep(0, 7000, 5, true)).toBe(1800);
    expect(tickStep(0, 40 * 86400, 5, true)).toBe(10 * 86400);
    expect(labels({ kind: 'linear', low: 0, high: 130 }, 3, true)).toEqual([
      '0 s',
      '1 m 0 s',
      '2 m 0 s'
    ]);
  });

  it('skip categories if there is no room for all', () => {
    const many: Scale = {
      kind: 'category',
      values: Array.from({ length: 30 }, (_, i) => `v${i}`)
    };
    expect(labels(WORDS, 3)).toEqual(['adam', 'lion', 'sgd']);
    expect(labels(many, 10)).toHaveLength(10);
  });
});
