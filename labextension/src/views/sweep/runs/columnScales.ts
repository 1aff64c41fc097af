/** The position of a number within its column, and its number of digits. */

import { cellReader } from '../../../models/columns';
import { digitsFor } from '../../../format';
import type { RunRow } from '../../../api/schemas';

export interface IColumnScale {
  low: number;
  high: number;
  logarithmic: boolean;
  digits: number;
}

/** A single diverged run must not squeeze all others into one end. */
const OUTLIERS = 0.01;
const REFRESH_MS = 1000;

/** The scale of some values; null if there are none. */
export function columnScale(values: Iterable<number>, logarithmic: boolean): IColumnScale | null {
  const finite = Float64Array.from(
    [...values].filter(value => Number.isFinite(value) && (!logarithmic || value > 0))
  ).sort();
  if (finite.length === 0) {
    return null;
  }
  const cut = Math.floor(finite.length * OUTLIERS);
  const low = finite[cut];
  const high = finite[finite.length - 1 - cut];
  return { low, high, logarithmic, digits: logarithmic ? 3 : digitsFor(low, high) };
}

/** From 0 at the low end to 1 at the high end; null if all values are the same. */
export function normalizeOn(scale: IColumnScale, value: number): number | null {
  const transform = scale.logarithmic ? Math.log : (size: number) => size;
  const [low, high] = [transform(scale.low), transform(scale.high)];
  if (!(high > low)) {
    return null;
  }
  const position = (transform(value) - low) / (high - low);
  // Values that a logarithmic scale cannot show are placed below it.
  return Math.min(1, Math.max(0, Number.isNaN(position) ? 0 : position));
}

/** The scales of a table's columns; while runs change, they update at most once per second. */
export class ColumnScales {
  constructor(private readonly _isLogarithmic: (column: string) => boolean) {}

  of(column: string, rows: readonly RunRow[], now = performance.now()): IColumnScale | null {
    let cached = this._cache.get(column);
    if (cached === undefined || (cached.rows !== rows && now - cached.at >= REFRESH_MS)) {
      const read = cellReader(column);
      const values: number[] = [];
      for (const row of rows) {
        const value = read(row);
        if (typeof value === 'number') {
          values.push(value);
        }
      }
      cached = { rows, at: now, scale: columnScale(values, this._isLogarithmic(column)) };
      this._cache.set(column, cached);
    }
    return cached.scale;
  }

  private _cache = new Map<
    string,
    { rows: readonly RunRow[]; at: number; scale: IColumnScale | null }
  >();
}
