/** Where values lie on an axis: linear, logarithmic, or one place for each category. Pure. */

import type { Cell } from '../columns';

export interface INumberScale {
  kind: 'linear' | 'log';
  low: number;
  high: number;
  /** Whether all its values are whole numbers. */
  whole?: boolean;
}

export interface ICategoryScale {
  kind: 'category';
  values: readonly string[];
  /** The same as numbers, rising, where they are such. */
  numbers?: readonly number[];
}

export type Scale = INumberScale | ICategoryScale;

const FLAT = 1e-9;

/** A value's place, 0 at the low end and 1 at the high one; null if it has none. */
export function placeOf(scale: Scale, value: Cell): number | null {
  if (scale.kind === 'category') {
    const place = value === null ? -1 : scale.values.indexOf(String(value));
    return place < 0 ? null : categoryPlace(scale, place);
  }
  if (typeof value !== 'number') {
    return null;
  }
  const place =
    scale.kind === 'log'
      ? Math.log(value / scale.low) / Math.log(scale.high / scale.low)
      : (value - scale.low) / (scale.high - scale.low);
  return Number.isFinite(place) ? place : null;
}

/** The number at a place; on categories, how many of them lie before it. */
export function valueAt(scale: Scale, place: number): number {
  switch (scale.kind) {
    case 'category':
      return Math.floor(place * scale.values.length);
    case 'log':
      return scale.low * (scale.high / scale.low) ** place;
    case 'linear':
      return scale.low + place * (scale.high - scale.low);
  }
}

/** The middle of a category. */
export function categoryPlace(scale: ICategoryScale, index: number): number {
  return (index + 0.5) / scale.values.length;
}

/**
 * A scale on which all of these numbers lie, with some room at both ends; null if there is none.
 * Where it is to be logarithmic, numbers that are not positive have no place on it.
 */
export function numberScale(
  values: Iterable<Cell>,
  { log = false, room = 0 }: { log?: boolean; room?: number } = {}
): INumberScale | null {
  let [low, high, whole] = [Infinity, -Infinity, true];
  for (const value of values) {
    if (typeof value === 'number' && Number.isFinite(value) && (!log || value > 0)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      whole &&= Number.isInteger(value);
    }
  }
  if (low > high) {
    return null;
  }
  return widened({ kind: log ? 'log' : 'linear', low, high, whole }, room);
}

/** The same with room at both ends, as a share of its length; never without any length. */
export function widened(scale: INumberScale, room: number): INumberScale {
  const { low, high } = scale;
  if (scale.kind === 'log') {
    const factor = isFlat(scale) ? 2 : (high / low) ** room;
    return { ...scale, low: low / factor, high: high * factor };
  }
  const more = isFlat(scale) ? Math.abs(low) / 2 || 1 : (high - low) * room;
  return { ...scale, low: low - more, high: high + more };
}

/** Whether both ends are the same number, but for what rounding does to one. */
function isFlat({ low, high }: INumberScale): boolean {
  return high - low <= FLAT * Math.max(Math.abs(low), Math.abs(high));
}

/** A scale of texts, in the order of numbers where they are such. */
export function categoryScale(values: Iterable<Cell>): ICategoryScale | null {
  const found = new Set<string>();
  for (const value of values) {
    if (value !== null) {
      found.add(String(value));
    }
  }
  if (found.size === 0) {
    return null;
  }
  const order = new Intl.Collator(undefined, { numeric: true });
  return { kind: 'category', values: [...found].sort(order.compare) };
}

/**
 * The scale that suits some values, numbers or texts; null if there is none among them. Numbers from
 * a list, such as 32, 64 and 128, are categories in their order.
 */
export function scaleFor(
  values: readonly Cell[],
  log: boolean,
  room: number,
  listed: readonly number[] | null = null
): Scale | null {
  if (listed !== null && values.every(value => value === null || listed.includes(Number(value)))) {
    const numbers = [...new Set(listed)].sort((one, other) => one - other);
    return { kind: 'category', values: numbers.map(String), numbers };
  }
  if (values.every(value => value === null || typeof value === 'number')) {
    const scale = numberScale(values, { log });
    if (scale?.kind === 'linear' && isStepped(scale)) {
      // Each whole number gets as much room as a category.
      return { ...scale, low: Math.ceil(scale.low) - 0.5, high: Math.floor(scale.high) + 0.5 };
    }
    return scale && widened(scale, room);
  }
  return categoryScale(values);
}

/** More whole numbers than these are as good as a line. */
const MOST_STEPS = 20;
const GOLDEN = 0.61803398875;

/** How far apart two neighbours are on a scale with few places; 0 where they are many. */
export function pitchOf(scale: Scale): number {
  if (scale.kind === 'category') {
    return 1 / scale.values.length;
  }
  return isStepped(scale) ? 1 / (scale.high - scale.low) : 0;
}

function isStepped({ kind, low, high, whole = false }: INumberScale): boolean {
  return whole && kind === 'linear' && high - low <= MOST_STEPS;
}

/** From -0.5 to 0.5: evenly over the numbers of runs, and differently on each axis. */
export function scatter(number: number, axis: number): number {
  return ((number * GOLDEN * (axis + 1)) % 1) - 0.5;
}

/** Where on a canvas a number lies, without a look at the scale for each. */
export function toPixels(scale: Scale, from: number, to: number): (value: number) => number {
  switch (scale.kind) {
    case 'category':
      return value => from + ((value + 0.5) / scale.values.length) * (to - from);
    case 'log': {
      const factor = (to - from) / Math.log(scale.high / scale.low);
      const shift = from - Math.log(scale.low) * factor;
      return value => (value > 0 ? shift + Math.log(value) * factor : NaN);
    }
    case 'linear': {
      const factor = (to - from) / (scale.high - scale.low);
      const shift = from - scale.low * factor;
      return value => shift + value * factor;
    }
  }
}
