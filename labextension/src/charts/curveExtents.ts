/** The x and y ranges of a chart of curves. Pure. */

import type { Band } from '../api/schemas';
import { yExtent, type ISeries, xRange } from './series';
import { lineStyleFor } from './drawSeries';
import type { INumberScale } from './scale';

/** The first and the last x; on a logarithmic axis, the first is the first positive one. */
export function xExtent(
  lines: readonly ISeries[],
  band: Band | null,
  log: boolean
): readonly [number, number] {
  const span = xRange(band === null ? lines : [...lines, band]) ?? [0, 1];
  const low = log ? firstPositive(lines, band, span[1]) : span[0];
  return low < span[1] ? [low, span[1]] : [low, low + 1];
}

function firstPositive(lines: readonly ISeries[], band: Band | null, fallback: number): number {
  const firsts = [...lines, ...(band ? [band] : [])].map(
    ({ x }) => x.find(value => value > 0) ?? Infinity
  );
  const low = Math.min(...firsts);
  return Number.isFinite(low) ? low : Math.max(fallback, 1);
}

/** The scale of the values: the user's zoom, or else one that fits all visible values. */
export function yScale(
  lines: readonly ISeries[],
  band: Band | null,
  showRange: boolean | undefined,
  [from, to]: readonly [number, number],
  zoomedRange: readonly [number, number] | null,
  log: boolean
): INumberScale {
  if (zoomedRange !== null && (!log || zoomedRange[0] > 0)) {
    return { kind: log ? 'log' : 'linear', low: zoomedRange[0], high: zoomedRange[1] };
  }
  const series: { x: readonly number[]; y: readonly (number | null)[] }[] = [];
  const { showRaw } = lineStyleFor(lines.length);
  for (const { x, y, low, high, smoothed } of lines) {
    series.push({ x, y: smoothed });
    if (showRaw) {
      series.push({ x, y: low ?? y }, { x, y: high ?? y });
    }
  }
  if (band !== null) {
    const { x, lower, upper, lowest, highest } = band;
    series.push({ x, y: showRange ? lowest : lower }, { x, y: showRange ? highest : upper });
  }
  return yExtent(series, from, to, log) ?? { kind: log ? 'log' : 'linear', low: 0.1, high: 1 };
}
