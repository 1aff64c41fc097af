/** Reduces a series to a number of points that can be drawn. Pure. */

/** At most `limit` items, evenly spaced, including the last one; the same array if it fits. */
export function downsample<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) {
    return items;
  }
  const step = items.length / limit;
  const last = items.length - 1;
  return Array.from(
    { length: limit },
    (_, index) => items[last - Math.floor((limit - 1 - index) * step)]
  );
}
