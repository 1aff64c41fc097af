/**
 * The average that W&B smooths lines with by default: time weighted, exponential. Pure.
 *
 * A point's weight fades with its distance along the axis, not with the count of points between, so
 * that curves with many and with few points are smoothed alike. Divided by the sum of weights, the
 * first points are not drawn towards zero.
 */

/** The width of an axis in the unit in which weights fade: W&B's choice, so that values agree. */
const AXIS_LENGTH = 1000;

/** `amount` from 0, nothing, to below 1; `span` is the length of the axis. Gaps stay gaps. */
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
