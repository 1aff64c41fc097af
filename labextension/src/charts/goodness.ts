/** How good runs are beside each other, for their colours. Pure. */

import { type INumberScale, numberScale, placeOf } from './scale';

/** The share of values at the worse end that look alike: one diverged run must not pale the rest. */
const OUTLIERS = 0.05;
const FEW = 20;

export interface IGoodness {
  /** From the worst that is told apart to the best. */
  worst: number;
  best: number;
  /** From 0, the worst, to 1, the best. */
  of: (value: number) => number;
}

/** Null where no run has a value. */
export function goodnessOf(
  values: readonly (number | null)[],
  maximize: boolean,
  log = false
): IGoodness | null {
  const scale = numberScale(values, { log });
  if (scale === null) {
    return null;
  }
  const found = Float64Array.from(
    values.filter(
      value => value !== null && Number.isFinite(value) && (!log || value > 0)
    ) as number[]
  ).sort();
  const cut = found.length < FEW ? 0 : Math.floor(found.length * OUTLIERS);
  const [low, high] = maximize
    ? [found[cut], found[found.length - 1]]
    : [found[0], found[found.length - 1 - cut]];
  const told: INumberScale = low < high ? { kind: scale.kind, low, high } : scale;
  return {
    worst: maximize ? low : high,
    best: maximize ? high : low,
    of: value => {
      const place = placeOf(told, value) ?? (maximize ? 0 : 1);
      return Math.min(1, Math.max(0, maximize ? place : 1 - place));
    }
  };
}
