/** Where values lie on an axis: linear, logarithmic, or one place for each category. Pure. */

import type { Cell } from '../format';

export interface INumberScale {
  kind: 'linear' | 'log';
  low: number;
  high: number;
  /** Whether all its values are whole numbers. */
  isInteger?: boolean;
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
export function normalize(scale: Scale, value: Cell): number | null {
  if (scale.kind === 'category') {
    const index = value === null ? -1 : scale.values.indexOf(String(value));
    return index < 0 ? null : categoryCenter(scale, index);
  }
  if (typeof value !== 'number') {
    return null;
  }
  const position =
    scale.kind === 'log'
      ? Math.log(value / scale.low) / Math.log(scale.high / scale.low)
      : (value - scale.low) / (scale.high - scale.low);
  return Number.isFinite(position) ? position : null;
}

/** The number at a place; on categories, how many of them lie before it. */
export function invert(scale: Scale, position: number): number {
  switch (scale.kind) {
    case 'category':
      return Math.floor(position * scale.values.length);
    case 'log':
      return scale.low * (scale.high / scale.low) ** position;
    case 'linear':
      return scale.low + position * (scale.high - scale.low);
  }
}

/** The middle of a category. */
export function categoryCenter(scale: ICategoryScale, index: number): number {
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
  let [low, high, isInteger] = [Infinity, -Infinity, true];
  for (const value of values) {
    if (typeof value === 'number' && Number.isFinite(value) && (!log || value > 0)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      isInteger &&= Number.isInteger(value);
    }
  }
  if (low > high) {
    return null;
  }
  return pad({ kind: log ? 'log' : 'linear', low, high, isInteger }, room);
}

/** The same with room at both ends, as a share of its length; never without any length. */
export function pad(scale: INumberScale, padding: number): INumberScale {
  const { low, high } = scale;
  if (scale.kind === 'log') {
    const factor = isFlat(scale) ? 2 : (high / low) ** padding;
    return { ...scale, low: low / factor, high: high * factor };
  }
  const margin = isFlat(scale) ? Math.abs(low) / 2 || 1 : (high - low) * padding;
  return { ...scale, low: low - margin, high: high + margin };
}

/** Whether both ends are the same number, but for what rounding does to one. */
function isFlat({ low, high }: INumberScale): boolean {
  return high - low <= FLAT * Math.max(Math.abs(low), Math.abs(high));
}

/** A scale of texts, in the order of numbers where they are such. */
export function categoryScale(values: Iterable<Cell>): ICategoryScale | null {
  const texts = new Set<string>();
  for (const value of values) {
    if (value !== null) {
      texts.add(String(value));
    }
  }
  if (texts.size === 0) {
    return null;
  }
  const collator = new Intl.Collator(undefined, { numeric: true });
  return { kind: 'category', values: [...texts].sort(collator.compare) };
}

/**
 * The scale that suits some values, numbers or texts; null if there is none among them. Numbers from
 * a list, such as 32, 64 and 128, are categories in their order.
 */
export function makeScale(
  values: readonly Cell[],
  log: boolean,
  padding: number,
  choices: readonly number[] | null = null
): Scale | null {
  if (
    choices !== null &&
    values.every(value => value === null || choices.includes(Number(value)))
  ) {
    const numbers = [...new Set(choices)].sort((a, b) => a - b);
    return { kind: 'category', values: numbers.map(String), numbers };
  }
  if (values.every(value => value === null || typeof value === 'number')) {
    const scale = numberScale(values, { log });
    if (scale?.kind === 'linear' && hasIntegerSteps(scale)) {
      // Each whole number gets as much room as a category.
      return { ...scale, low: Math.ceil(scale.low) - 0.5, high: Math.floor(scale.high) + 0.5 };
    }
    return scale && pad(scale, padding);
  }
  return categoryScale(values);
}

/** More whole numbers than these are as good as a line. */
const MAX_STEPS = 20;
const GOLDEN = 0.61803398875;

/** How far apart two neighbors are on a scale with few places; 0 where they are many. */
export function stepSize(scale: Scale): number {
  if (scale.kind === 'category') {
    return 1 / scale.values.length;
  }
  return hasIntegerSteps(scale) ? 1 / (scale.high - scale.low) : 0;
}

function hasIntegerSteps({ kind, low, high, isInteger = false }: INumberScale): boolean {
  return isInteger && kind === 'linear' && high - low <= MAX_STEPS;
}

/** From -0.5 to 0.5: evenly over the numbers of runs, and differently on each axis. */
export function jitter(number: number, axis: number): number {
  return ((number * GOLDEN * (axis + 1)) % 1) - 0.5;
}

/** Where on a canvas a number lies, without a look at the scale for each. */
export function pixelMapper(scale: Scale, from: number, to: number): (value: number) => number {
  switch (scale.kind) {
    case 'category':
      return value => from + ((value + 0.5) / scale.values.length) * (to - from);
    case 'log': {
      const factor = (to - from) / Math.log(scale.high / scale.low);
      const offset = from - Math.log(scale.low) * factor;
      return value => (value > 0 ? offset + Math.log(value) * factor : NaN);
    }
    case 'linear': {
      const factor = (to - from) / (scale.high - scale.low);
      const offset = from - scale.low * factor;
      return value => offset + value * factor;
    }
  }
}
