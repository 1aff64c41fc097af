/** Histograms as W&B logs them, and as columns of a heatmap over steps. Pure. */

/** `edges` has one element more than `counts`. */
export interface IHistogram {
  step: number;
  edges: readonly number[];
  counts: readonly number[];
}

/** The histogram in a logged value; null if it does not contain one. */
export function parseHistogram(step: number, value: unknown): IHistogram | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const { bins, values, packedBins } = value as Record<string, unknown>;
  if (!isNumbers(values)) {
    return null;
  }
  const edges = isNumbers(bins) ? bins : unpackEdges(packedBins, values.length);
  return edges?.length === values.length + 1 ? { step, edges, counts: values } : null;
}

/** The number of values that it counts. */
export function totalCount({ counts }: IHistogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The least and the greatest value of all histograms. */
export function valueRange(histograms: readonly IHistogram[]): readonly [number, number] {
  return [
    Math.min(...histograms.map(histogram => histogram.edges[0])),
    Math.max(...histograms.map(histogram => histogram.edges[histogram.edges.length - 1]))
  ];
}

/** Bins of equal width, as W&B packs them. */
function unpackEdges(packed: unknown, length: number): number[] | null {
  if (typeof packed !== 'object' || packed === null) {
    return null;
  }
  const { min, size } = packed as Record<string, unknown>;
  return typeof min === 'number' && typeof size === 'number'
    ? Array.from({ length: length + 1 }, (_, index) => min + index * size)
    : null;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(item => typeof item === 'number');
}
