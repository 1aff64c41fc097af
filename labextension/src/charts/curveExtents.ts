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
  if (low < span[1]) {
    return [low, span[1]];
  }
  // A single x is in the middle: at the edge, half of its points would be cut off.
  return log ? [low / 2, low * 2] : [low - 0.5, low + 0.5];
}

function firstPositive(lines: readonly ISeries[], band: Band | null, fallback: number): number {
  const firsts = [...lines, ...(band ? [band] : [])].map(
    ({ x }) => x.find(value => value > 0) ?? Infinity
  );
  const low = Math.min(...firsts);
  return Number.isFinite(low) ? low : Math.max(fallback, 1);
}

/** Fewer lines have no typical range. */
const MIN_LINES = 4;
/** A line so many times the height of the others away from them would flatten them. */
const OUTLIER = 10;

/** The values among which a linear axis must lie, and the lines that leave it. */
export interface ITypicalRange {
  low: number;
  high: number;
  outliers: readonly ISeries[];
}

/**
 * The range of most lines between two x: a run that diverged must not flatten all others. What all
 * lines have in common, such as a high start, is no outlier.
 */
export function typicalRange(
  lines: readonly ISeries[],
  [from, to]: readonly [number, number]
): ITypicalRange {
  const extents = lines.flatMap(line => {
    const scale = yExtent([{ x: line.x, y: line.smoothed }], from, to, false, 0);
    return scale === null ? [] : [{ line, low: scale.low, high: scale.high }];
  });
  if (extents.length < MIN_LINES) {
    return { low: -Infinity, high: Infinity, outliers: [] };
  }
  const at = (values: number[], share: number) =>
    values.sort((a, b) => a - b)[Math.floor(share * (values.length - 1))];
  const bottom = at(
    extents.map(({ low }) => low),
    0.25
  );
  const top = at(
    extents.map(({ high }) => high),
    0.75
  );
  const reach = OUTLIER * (top - bottom);
  const [low, high] = reach > 0 ? [bottom - reach, top + reach] : [-Infinity, Infinity];
  const outliers = extents.filter(line => line.low < low || line.high > high);
  return { low, high, outliers: outliers.map(({ line }) => line) };
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
  // A logarithmic axis shows outliers and all others.
  const typical = log ? null : typicalRange(lines, [from, to]);
  const outliers = new Set(typical?.outliers);
  for (const line of lines) {
    if (outliers.has(line)) {
      continue;
    }
    const { x, y, low, high, smoothed } = line;
    series.push({ x, y: smoothed });
    if (showRaw) {
      series.push({ x, y: low ?? y }, { x, y: high ?? y });
    }
  }
  if (band !== null) {
    const { x, lower, upper, lowest, highest } = band;
    const inside = (values: readonly (number | null)[]) =>
      outliers.size === 0
        ? values
        : values.map(value =>
            value !== null && typical !== null && value >= typical.low && value <= typical.high
              ? value
              : null
          );
    series.push(
      { x, y: inside(showRange ? lowest : lower) },
      { x, y: inside(showRange ? highest : upper) }
    );
  }
  return yExtent(series, from, to, log) ?? { kind: log ? 'log' : 'linear', low: 0.1, high: 1 };
}
