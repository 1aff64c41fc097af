/** The ticks of an axis and their labels. Pure. */

import { formatDuration, formatNumber } from '../format';
import { categoryCenter, type INumberScale, normalize, type Scale } from './scale';

export interface ITick {
  /** From 0 at the low end of the axis to 1 at its high end. */
  position: number;
  label: string;
}

/** Steps of a clock in seconds; days are counted like other numbers. */
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400
];

/** At most about `count` ticks; `isTime` if the values are seconds. */
export function makeTicks(scale: Scale, count: number, isTime = false): ITick[] {
  if (scale.kind === 'category') {
    const stride = Math.ceil(scale.values.length / Math.max(1, count));
    return scale.values
      .map((label, index) => ({ position: categoryCenter(scale, index), label }))
      .filter((_, index) => index % stride === 0);
  }
  const values = tickValues(scale, Math.max(2, count), isTime);
  const digits = digitsToDistinguish(values);
  return values.map(value => ({
    position: normalize(scale, value) ?? 0,
    label: isTime ? formatDuration(value) : formatNumber(value, digits)
  }));
}

function tickValues(scale: INumberScale, count: number, isTime: boolean): number[] {
  if (scale.kind === 'log') {
    const values = logTicks(scale.low, scale.high, count);
    if (values.length > 1) {
      return values;
    }
  }
  const { low, high } = scale;
  return multiples(low, high, tickStep(low, high, count, isTime, scale.isInteger ?? false));
}

/** The smallest round step that gives at most `count` ticks. */
export function tickStep(
  low: number,
  high: number,
  count: number,
  isTime = false,
  isInteger = false
): number {
  const minStep = (high - low) / count;
  if (isTime && minStep > TIME_STEPS[0] / 2) {
    const step = TIME_STEPS.find(step => step >= minStep);
    if (step !== undefined) {
      return step;
    }
    return 86400 * tickStep(low / 86400, high / 86400, count);
  }
  const power = 10 ** Math.floor(Math.log10(minStep));
  const step = power * ([1, 2, 5].find(factor => factor * power >= minStep) ?? 10);
  return isInteger ? Math.max(1, step) : step;
}

function multiples(low: number, high: number, step: number): number[] {
  const values: number[] = [];
  const last = Math.floor(high / step + 1e-9);
  // The ends are so close together, or so far from zero, that rounding swallows the step.
  if (!Number.isSafeInteger(last)) {
    return values;
  }
  for (let index = Math.ceil(low / step - 1e-9); index <= last; index += 1) {
    // Dividing by a whole number is exact; multiplying by 0.1 is not.
    values.push(step < 1 ? index / Math.round(1 / step) : index * step);
  }
  return values;
}

/**
 * Powers of ten; also their multiples by 2 and 5 if there is room, or only every nth power if not.
 */
function logTicks(low: number, high: number, count: number): number[] {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const decades = Math.log10(high / low);
  const factors = 3 * decades <= count ? [1, 2, 5] : [1];
  const stride = Math.ceil(decades / count);
  const values: number[] = [];
  for (let power = first; power <= last; power += 1) {
    if (power % stride === 0) {
      for (const factor of factors) {
        values.push(Number(`${factor}e${power}`));
      }
    }
  }
  return values.filter(value => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9));
}

/** The number of significant digits that distinguishes neighbors. */
function digitsToDistinguish(values: readonly number[]): number {
  let digits = 3;
  for (let index = 1; index < values.length; index += 1) {
    const [previous, current] = [values[index - 1], values[index]];
    while (digits < 9 && formatNumber(previous, digits) === formatNumber(current, digits)) {
      digits += 1;
    }
  }
  return digits;
}
