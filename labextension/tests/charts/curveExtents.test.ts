import { describe, expect, it } from 'vitest';

import { typicalRange, xExtent, yScale } from '../../src/charts/curveExtents';
import { drawTitle, layoutPlotArea } from '../../src/charts/plotArea';
import type { IThemeColors } from '../../src/charts/theme';
import type { ISeries } from '../../src/charts/series';

function line(number: number, y: number[]): ISeries {
  return {
    id: `run${number}`,
    number,
    color: 'red',
    x: y.map((_, index) => index),
    y,
    low: null,
    high: null,
    smoothed: y
  };
}

const ALL = [0, 9] as const;
const falling = (number: number) => line(number, [1 + number / 10, 0.7, 0.5, 0.4]);
const diverged = line(9, [1, 1e3, 1e9, 4e20]);
const LINES = [0, 1, 2, 3, 4].map(falling);

describe('the axis of curves', () => {
  it('is that of most runs, whatever one of them does', () => {
    expect(yScale([...LINES, diverged], null, false, ALL, null, false)).toEqual(
      yScale(LINES, null, false, ALL, null, false)
    );
    expect(typicalRange([...LINES, diverged], ALL).outliers).toEqual([diverged]);
    const below = line(8, [0, -1e6, -1e7, -1e9]);
    expect(typicalRange([...LINES, below], ALL).outliers).toEqual([below]);
  });

  it('shows everything if it is logarithmic, or if there are few runs', () => {
    expect(yScale([...LINES, diverged], null, false, ALL, null, true).high).toBeGreaterThan(4e20);
    const few = [falling(0), diverged];
    expect(yScale(few, null, false, ALL, null, false).high).toBeGreaterThan(4e20);
  });

  it('shows what all runs have in common, such as a high start', () => {
    const spiked = [0, 1, 2, 3, 4].map(number => line(number, [1e4 + number, 0.5, 0.4, 0.3]));
    expect(typicalRange(spiked, ALL).outliers).toEqual([]);
    expect(yScale(spiked, null, false, ALL, null, false).high).toBeGreaterThan(1e4);
    const flat = [0, 1, 2, 3].map(number => line(number, [1, 1, 1]));
    expect(typicalRange(flat, ALL).outliers).toEqual([]);
  });

  it('has no room for the range of all runs that a diverged one has', () => {
    const x = [0, 1, 2];
    const [lowest, lower, median, upper] = [0.3, 0.4, 0.5, 0.6].map(value => x.map(() => value));
    const band = {
      x,
      lowest,
      lower,
      median,
      upper,
      highest: [1, 1e9, 4e20],
      runs: 6,
      fewest: 6,
      total: 6
    };
    expect(yScale([...LINES, diverged], band, true, ALL, null, false).high).toBeLessThan(2);
  });
});

describe('the x axis', () => {
  it('has what was logged once in its middle, and several steps from end to end', () => {
    const once = { ...line(0, [1]), x: [27] };
    expect(xExtent([once], null, false)).toEqual([26.5, 27.5]);
    expect(xExtent([once], null, true)).toEqual([13.5, 54]);
    expect(xExtent(LINES, null, false)).toEqual([0, 3]);
  });
});

describe('the title of the x axis', () => {
  it('has a line of its own below the plot', () => {
    const scale = { kind: 'linear', low: 0, high: 1 } as const;
    const texts: [string, number][] = [];
    const context = {
      measureText: (text: string) => ({ width: 6 * text.length }),
      fillText: (text: string, _: number, y: number) => texts.push([text, y])
    } as unknown as CanvasRenderingContext2D;
    const size = { width: 300, height: 200 };
    const colors = {} as IThemeColors;
    const area = layoutPlotArea(
      context,
      size,
      { scale, title: 'step' },
      { scale, title: '' },
      colors
    );
    drawTitle(context, area, 'step', colors);
    expect(texts.map(([text]) => text)).toEqual(['step']);
    // Its baseline is at its bottom; the labels of ticks are between it and the plot.
    expect(texts[0][1] - area.bottom).toBeGreaterThan(2 * 14);
    expect(texts[0][1]).toBeLessThan(size.height);
  });
});
