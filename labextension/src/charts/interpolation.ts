/**
 * A surface through scattered values: at each place the mean of the runs near by, weighted by their
 * distance with a Gaussian (Nadaraya and Watson, 1964). It follows what was seen and invents no
 * slope where nothing was; how much was seen at a place is told beside the value. Pure.
 */

/** A value at a place; places go from 0 to 1. */
export interface ISample {
  x: number;
  y: number;
  value: number;
}

/** An axis of the surface: categories have a cell each, and nothing lies between them. */
export interface IGridAxis {
  cells: number;
  isContinuous: boolean;
}

export interface ISurface {
  columns: number;
  rows: number;
  /** Row by row from the lowest y; meaningless where nothing was seen. */
  values: Float32Array;
  /** From 0, nothing was seen here, to 1. */
  confidence: Float32Array;
}

/** Cells of an axis that has no categories. */
export const GRID_CELLS = 96;
const MAX_BANDWIDTH = 0.2;
const MIN_BANDWIDTH = 0.03;

/** The Gaussian's standard deviation as a share of an axis: the more runs, the finer. */
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
  // One run alone is worth about two thirds at its own place.
  const confidence = fields[1].map(weight => 1 - Math.exp(-weight));
  return { columns, rows, values, confidence };
}

/** A field with each cell spread along one axis; the spread is 1 at the cell itself. */
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

/** Value and trust at a place, between the middles of the cells around it where that is smooth. */
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
      // Cells where nothing was seen have no value to mix in.
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
