/**
 * W&B's default smoothing of lines: a time-weighted exponential moving average. Pure.
 *
 * A point's weight decays with its distance along the axis, not with the number of points between,
 * so curves with many and with few points are smoothed equally. Because the result is divided by
 * the sum of weights, the first points are not biased towards zero.
 */

/** The length of an axis in the unit of the decay. It is W&B's constant, so that values agree. */
export const AXIS_LENGTH = 1000;

/** `smoothing` ranges from 0 (none) to below 1; `span` is that of `smoothingSpan`. Gaps stay gaps. */
export function smooth(
  x: readonly number[],
  y: readonly (number | null)[],
  smoothing: number,
  span: number
): (number | null)[] {
  if (smoothing <= 0 || !(span > 0)) {
    return [...y];
  }
  const decayBase = Math.min(Math.sqrt(smoothing), 0.999);
  let [sum, weights, previousX] = [0, 0, x[0]];
  return y.map((value, index) => {
    if (value === null) {
      return null;
    }
    const decay = decayBase ** (((x[index] - previousX) / span) * AXIS_LENGTH);
    previousX = x[index];
    sum = sum * decay + value;
    weights = weights * decay + 1;
    return sum / weights;
  });
}
