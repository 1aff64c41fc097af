/** From where to where a chart of curves goes, across and up. Pure. */

import type { Band } from '../wire';
import { heightOf, type ILine, spanOf } from './lines';
import { lookOf } from './paintLines';
import type { INumberScale } from './scale';

/** From the first x to the last; on a logarithmic axis, from the first positive one. */
export function rangeOf(
  lines: readonly ILine[],
  band: Band | null,
  log: boolean
): readonly [number, number] {
  const span = spanOf(band === null ? lines : [...lines, band]) ?? [0, 1];
  const least = log ? firstPositive(lines, band, span[1]) : span[0];
  return least < span[1] ? [least, span[1]] : [least, least + 1];
}

function firstPositive(lines: readonly ILine[], band: Band | null, otherwise: number): number {
  const firsts = [...lines, ...(band ? [band] : [])].map(
    ({ x }) => x.find(each => each > 0) ?? Infinity
  );
  const least = Math.min(...firsts);
  return Number.isFinite(least) ? least : Math.max(otherwise, 1);
}

/** The scale of the values: as somebody has zoomed, or such that all in sight is to be seen. */
export function heightScale(
  lines: readonly ILine[],
  band: Band | null,
  whole: boolean | undefined,
  [from, to]: readonly [number, number],
  height: readonly [number, number] | null,
  log: boolean
): INumberScale {
  if (height !== null && (!log || height[0] > 0)) {
    return { kind: log ? 'log' : 'linear', low: height[0], high: height[1] };
  }
  const parts: { x: readonly number[]; y: readonly (number | null)[] }[] = [];
  const { behind } = lookOf(lines.length);
  for (const { x, y, low, high, smooth } of lines) {
    parts.push({ x, y: smooth });
    if (behind) {
      parts.push({ x, y: low ?? y }, { x, y: high ?? y });
    }
  }
  if (band !== null) {
    const { x, lower, upper, lowest, highest } = band;
    parts.push({ x, y: whole ? lowest : lower }, { x, y: whole ? highest : upper });
  }
  return heightOf(parts, from, to, log) ?? { kind: log ? 'log' : 'linear', low: 0.1, high: 1 };
}
