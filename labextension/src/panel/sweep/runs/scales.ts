/** Where a number lies in its column, and with how many digits it is written. */

import { reader } from '../../../columns';
import { digitsFor } from '../../../format';
import type { RunRow } from '../../../wire';

export interface IScale {
  low: number;
  high: number;
  logarithmic: boolean;
  digits: number;
}

/** A single diverged run must not press all others into one end. */
const OUTLIERS = 0.01;
const FRESH_MS = 1000;

/** The scale of some values; null if there is none among them. */
export function scaleOf(values: Iterable<number>, logarithmic: boolean): IScale | null {
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

/** From 0 at the low end to 1 at the high end; null where all values are the same. */
export function placeOn(scale: IScale, value: number): number | null {
  const size = scale.logarithmic ? Math.log : (each: number) => each;
  const [low, high] = [size(scale.low), size(scale.high)];
  if (!(high > low)) {
    return null;
  }
  const place = (size(value) - low) / (high - low);
  // What a logarithmic scale cannot show lies below it.
  return Math.min(1, Math.max(0, Number.isNaN(place) ? 0 : place));
}

/** The scales of a table's columns; live, they follow at most once a second. */
export class Scales {
  constructor(private readonly _isLogarithmic: (column: string) => boolean) {}

  of(column: string, rows: readonly RunRow[], now = performance.now()): IScale | null {
    let made = this._made.get(column);
    if (made === undefined || (made.rows !== rows && now - made.at >= FRESH_MS)) {
      const read = reader(column);
      const values: number[] = [];
      for (const row of rows) {
        const value = read(row);
        if (typeof value === 'number') {
          values.push(value);
        }
      }
      made = { rows, at: now, scale: scaleOf(values, this._isLogarithmic(column)) };
      this._made.set(column, made);
    }
    return made.scale;
  }

  private _made = new Map<string, { rows: readonly RunRow[]; at: number; scale: IScale | null }>();
}
