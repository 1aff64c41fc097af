/**
 * The average that W&B smooths lines with by default: time weighted, exponential. Pure.
 *
 * A point's weight fades with its distance along the axis, not with the count of points between, so
 * that curves with many and with few points are smoothed alike. Divided by the sum of weights, the
 * first points are not drawn towards zero.
 */

/** The width of an axis in the unit in which weights fade: W&B's choice, so that values agree. */
const AXIS = 1000;

/** `amount` from 0, nothing, to below 1; `span` is the length of the axis. Gaps stay gaps. */
export function smoothed(
  x: readonly number[],
  y: readonly (number | null)[],
  amount: number,
  span: number
): (number | null)[] {
  if (amount <= 0 || !(span > 0)) {
    return [...y];
  }
  const fading = Math.min(Math.sqrt(amount), 0.999);
  let [sum, weights, before] = [0, 0, x[0]];
  return y.map((value, index) => {
    if (value === null) {
      return null;
    }
    const keep = fading ** (((x[index] - before) / span) * AXIS);
    before = x[index];
    sum = sum * keep + value;
    weights = weights * keep + 1;
    return sum / weights;
  });
}
