/**
 * A surface through scattered values: at each position, the mean of nearby runs, weighted by their
 * distance with a Gaussian (Nadaraya and Watson, 1964). It follows the observations and does not
 * invent a slope where there are none; each value comes with its confidence. Pure.
 */

/** A value at a position; positions range from 0 to 1. */
export interface ISample {
  x: number;
  y: number;
  value: number;
}

/** An axis of the surface: categories have one cell each, without interpolation between them. */
export interface IGridAxis {
  cells: number;
  isContinuous: boolean;
}

export interface ISurface {
  columns: number;
  rows: number;
  /** Row by row from the lowest y; meaningless where nothing was observed. */
  values: Float32Array;
  /** From 0 (nothing was observed here) to 1. */
  confidence: Float32Array;
}

/** Number of cells of an axis without categories. */
export const GRID_CELLS = 96;
const MAX_BANDWIDTH = 0.2;
const MIN_BANDWIDTH = 0.03;

/** The Gaussian's standard deviation as a share of an axis: more runs allow finer detail. */
export function bandwidthFor(count: number): number {
  return Math.max(MIN_BANDWIDTH, Math.min(MAX_BANDWIDTH, 0.35 / Math.max(1, count) ** 0.25));
}

export function interpolate(samples: readonly ISample[], x: IGridAxis, y: IGridAxis): ISurface {
  const [columns, rows] = [x.cells, y.cells];
  const sums = new Float32Array(columns * rows);
  const weights = new Float32Array(columns * rows);
  const cell = (position: number, cells: number) =>
    Math.min(cells - 1, Math.max(0, Math.floor(position * cells)));
  for (const sample of samples) {
    const index = cell(sample.y, rows) * columns + cell(sample.x, columns);
    sums[index] += sample.value;
    weights[index] += 1;
  }
  const bandwidth = bandwidthFor(samples.length);
  const fields = [sums, weights].map(field => {
    const blurredX = x.isContinuous ? blur(field, columns, rows, bandwidth, true) : field;
    return y.isContinuous ? blur(blurredX, columns, rows, bandwidth, false) : blurredX;
  });
  const values = fields[0].map((sum, index) =>
    fields[1][index] > 0 ? sum / fields[1][index] : 0
  );
  // A single run has a confidence of about two thirds at its own position.
  const confidence = fields[1].map(weight => 1 - Math.exp(-weight));
  return { columns, rows, values, confidence };
}

/** Blur a field along one axis; the kernel is 1 at the cell itself. */
function blur(
  field: Float32Array,
  columns: number,
  rows: number,
  bandwidth: number,
  alongX: boolean
): Float32Array {
  const cells = alongX ? columns : rows;
  const radius = Math.ceil(3 * bandwidth * cells);
  const kernel = Array.from({ length: radius + 1 }, (_, distance) =>
    Math.exp(-((distance / (bandwidth * cells)) ** 2) / 2)
  );
  const result = new Float32Array(field.length);
  const step = alongX ? 1 : columns;
  for (let index = 0; index < field.length; index += 1) {
    if (field[index] !== 0) {
      const offset = alongX ? index % columns : Math.floor(index / columns);
      for (
        let distance = Math.max(-radius, -offset);
        distance <= Math.min(radius, cells - 1 - offset);
        distance += 1
      ) {
        result[index + distance * step] += field[index] * kernel[Math.abs(distance)];
      }
    }
  }
  return result;
}

/** Value and confidence at a position, interpolated between cell centers on continuous axes. */
export function sampleSurface(
  surface: ISurface,
  x: number,
  y: number,
  isContinuous: { x: boolean; y: boolean }
): { value: number; trust: number } {
  const { columns, rows } = surface;
  const [left, right, toRight] = neighborCells(x, columns, isContinuous.x);
  const [low, high, toHigh] = neighborCells(y, rows, isContinuous.y);
  let [value, confidence, total] = [0, 0, 0];
  for (const [row, rowShare] of [
    [low, 1 - toHigh],
    [high, toHigh]
  ]) {
    for (const [column, share] of [
      [left, 1 - toRight],
      [right, toRight]
    ]) {
      const index = row * columns + column;
      const weight = rowShare * share;
      // Cells without observations have no value to interpolate.
      const confidentWeight = weight * surface.confidence[index];
      value += confidentWeight * surface.values[index];
      total += confidentWeight;
      confidence += weight * surface.confidence[index];
    }
  }
  return { value: total > 0 ? value / total : 0, trust: confidence };
}

function neighborCells(
  position: number,
  cells: number,
  isContinuous: boolean
): [number, number, number] {
  const last = cells - 1;
  if (!isContinuous) {
    const cell = Math.min(last, Math.max(0, Math.floor(position * cells)));
    return [cell, cell, 0];
  }
  const center = Math.min(last, Math.max(0, position * cells - 0.5));
  const low = Math.floor(center);
  return [low, Math.min(last, low + 1), center - low];
}
