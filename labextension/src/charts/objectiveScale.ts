/** Maps objectives to their relative quality, for colors. Pure. */

import { type INumberScale, numberScale, normalize } from './scale';

/** The share of the worst values that are clipped: one diverged run must not fade all others. */
const OUTLIERS = 0.05;
const MIN_FOR_OUTLIERS = 20;

export interface IObjectiveScale {
  /** The worst value that is not clipped. */
  worst: number;
  best: number;
  /** From 0 (worst) to 1 (best). */
  normalize: (value: number) => number;
}

/** Null if no run has a value. */
export function objectiveScale(
  values: readonly (number | null)[],
  maximize: boolean,
  log = false
): IObjectiveScale | null {
  const scale = numberScale(values, { log });
  if (scale === null) {
    return null;
  }
  const sortedValues = Float64Array.from(
    values.filter(
      value => value !== null && Number.isFinite(value) && (!log || value > 0)
    ) as number[]
  ).sort();
  const cut =
    sortedValues.length < MIN_FOR_OUTLIERS ? 0 : Math.floor(sortedValues.length * OUTLIERS);
  const [low, high] = maximize
    ? [sortedValues[cut], sortedValues[sortedValues.length - 1]]
    : [sortedValues[0], sortedValues[sortedValues.length - 1 - cut]];
  const clippedScale: INumberScale = low < high ? { kind: scale.kind, low, high } : scale;
  return {
    worst: maximize ? low : high,
    best: maximize ? high : low,
    normalize: value => {
      const position = normalize(clippedScale, value) ?? (maximize ? 0 : 1);
      return Math.min(1, Math.max(0, maximize ? position : 1 - position));
    }
  };
}
