/** Positions of values on an axis: linear, logarithmic, or one for each category. Pure. */

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
  /** The values as ascending numbers, if they are numbers. */
  numbers?: readonly number[];
}

export type Scale = INumberScale | ICategoryScale;

const FLAT = 1e-9;

/** The position of a value, from 0 at the low end to 1 at the high end; null if it has none. */
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

/** The number at a position; on categories, the number of categories before it. */
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

/** The center of a category. */
export function categoryCenter(scale: ICategoryScale, index: number): number {
  return (index + 0.5) / scale.values.length;
}

/**
 * A scale that contains all these numbers, with padding at both ends; null if there are none. A
 * logarithmic scale ignores numbers that are not positive.
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

/** Pad a scale at both ends, by a share of its length. The result always has a length. */
export function pad(scale: INumberScale, padding: number): INumberScale {
  const { low, high } = scale;
  if (scale.kind === 'log') {
    const factor = isFlat(scale) ? 2 : (high / low) ** padding;
    return { ...scale, low: low / factor, high: high * factor };
  }
  const margin = isFlat(scale) ? Math.abs(low) / 2 || 1 : (high - low) * padding;
  return { ...scale, low: low - margin, high: high + margin };
}

/** Whether both ends are the same number, except for rounding errors. */
function isFlat({ low, high }: INumberScale): boolean {
  return high - low <= FLAT * Math.max(Math.abs(low), Math.abs(high));
}

/** A scale of texts, in numeric order if they are numbers. */
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
 * The scale that suits some numbers or texts; null if there are none. Numbers from a list, such as
 * 32, 64 and 128, are categories in ascending order.
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

/** Above this many whole numbers, a scale is treated as continuous. */
const MAX_STEPS = 20;

/** The distance between neighbors on a scale with few positions; 0 if there are many. */
export function stepSize(scale: Scale): number {
  if (scale.kind === 'category') {
    return 1 / scale.values.length;
  }
  return hasIntegerSteps(scale) ? 1 / (scale.high - scale.low) : 0;
}

function hasIntegerSteps({ kind, low, high, isInteger = false }: INumberScale): boolean {
  return isInteger && kind === 'linear' && high - low <= MAX_STEPS;
}

/** From this many runs on, many are at the same position and would hide each other. */
const JITTER_FROM = 30;
/** The widest strip over which the runs of one category are spread, as a share of the axis. */
export const MAX_JITTER = 0.016;
/** The strip's widest share of a category. */
const MAX_CATEGORY_SHARE = 0.25;

/**
 * The width of the strip over which the runs of one category are spread, as a share of the axis.
 * It is 0 on an axis of numbers: a position on it is a value, and a moved run would show another.
 */
export function jitterWidth(scale: Scale, runs: number): number {
  return scale.kind === 'category' && runs > JITTER_FROM
    ? Math.min(MAX_JITTER, MAX_CATEGORY_SHARE / scale.values.length)
    : 0;
}

/**
 * From -0.5 to 0.5: the same for a run whenever it is drawn, and independent of all other runs and
 * axes. A sequence that is even on each axis, such as multiples of the golden ratio, would draw
 * lines on two of them.
 */
export function jitter(number: number, axis: number): number {
  // Two rounds of the mix of MurmurHash3.
  let hash = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(axis + 1, 0x85ebca6b);
  for (let round = 0; round < 2; round += 1) {
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return (hash >>> 0) / 2 ** 32 - 0.5;
}

/** A mapping of numbers to pixels that does not inspect the scale for each number. */
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
