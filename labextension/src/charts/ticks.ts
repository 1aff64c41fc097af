/** Which values an axis is marked at, and how they are written. Pure. */

import { formatDuration, formatNumber } from '../format';
import { categoryPlace, type INumberScale, placeOf, type Scale } from './scale';

export interface ITick {
  /** From 0 at the low end of the axis to 1 at its high end. */
  place: number;
  label: string;
}

/** Steps of a clock in seconds; beyond days they are counted like other numbers. */
const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400];

/** At most about `count` marks; `seconds` if the axis is a time. */
export function ticksOf(scale: Scale, count: number, seconds = false): ITick[] {
  if (scale.kind === 'category') {
    const every = Math.ceil(scale.values.length / Math.max(1, count));
    return scale.values
      .map((label, index) => ({ place: categoryPlace(scale, index), label }))
      .filter((_, index) => index % every === 0);
  }
  const values = numbersOf(scale, Math.max(2, count), seconds);
  const digits = digitsOf(values);
  return values.map(value => ({
    place: placeOf(scale, value) ?? 0,
    label: seconds ? formatDuration(value) : formatNumber(value, digits)
  }));
}

function numbersOf(scale: INumberScale, count: number, seconds: boolean): number[] {
  if (scale.kind === 'log') {
    const found = logarithmic(scale.low, scale.high, count);
    if (found.length > 1) {
      return found;
    }
  }
  const { low, high } = scale;
  return multiples(low, high, stepOf(low, high, count, seconds, scale.whole ?? false));
}

/** The smallest round step that gives no more than `count` of them. */
export function stepOf(
  low: number,
  high: number,
  count: number,
  seconds = false,
  whole = false
): number {
  const least = (high - low) / count;
  if (seconds && least > CLOCK[0] / 2) {
    const step = CLOCK.find(each => each >= least);
    if (step !== undefined) {
      return step;
    }
    return 86400 * stepOf(low / 86400, high / 86400, count);
  }
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find(each => each * power >= least) ?? 10);
  return whole ? Math.max(1, step) : step;
}

function multiples(low: number, high: number, step: number): number[] {
  const values: number[] = [];
  const last = Math.floor(high / step + 1e-9);
  // Ends so near to each other, or so far out, that steps between them are lost in rounding.
  if (!Number.isSafeInteger(last)) {
    return values;
  }
  for (let index = Math.ceil(low / step - 1e-9); index <= last; index += 1) {
    // A division by a whole number is exact where a product with 0.1 is not.
    values.push(step < 1 ? index / Math.round(1 / step) : index * step);
  }
  return values;
}

/** Powers of ten; between them 2 and 5 where there is room, or only some where there is none. */
function logarithmic(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const decades = Math.log10(high / low);
  const factors = 3 * decades <= count ? [1, 2, 5] : [1];
  const every = Math.ceil(decades / count);
  const values: number[] = [];
  for (let power = first; power <= last; power += 1) {
    if (power % every === 0) {
      for (const factor of factors) {
        values.push(Number(`${factor}e${power}`));
      }
    }
  }
  return values.filter(value => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
}

/** As many digits as tell two neighbours apart. */
function digitsOf(values: readonly number[]): number {
  let digits = 3;
  for (let index = 1; index < values.length; index += 1) {
    const [one, other] = [values[index - 1], values[index]];
    while (digits < 9 && formatNumber(one, digits) === formatNumber(other, digits)) {
      digits += 1;
    }
  }
  return digits;
}
