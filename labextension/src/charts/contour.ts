/**
 * A surface through scattered values: at each place the mean of the runs near by, weighted by their
 * distance with a Gaussian (Nadaraya and Watson, 1964). It follows what was seen and invents no
 * slope where nothing was; how much was seen at a place is told beside the value. Pure.
 */

/** A value at a place; places go from 0 to 1. */
export interface ISpot {
  x: number;
  y: number;
  value: number;
}

/** An axis of the surface: categories have a cell each, and nothing lies between them. */
export interface ISide {
  cells: number;
  smooth: boolean;
}

export interface ISurface {
  columns: number;
  rows: number;
  /** Row by row from the lowest y; meaningless where nothing was seen. */
  values: Float32Array;
  /** From 0, nothing was seen here, to 1. */
  trust: Float32Array;
}

/** Cells of an axis that has no categories. */
export const CELLS = 96;
const WIDEST = 0.2;
const FINEST = 0.03;

/** The Gaussian's standard deviation as a share of an axis: the more runs, the finer. */
export function widthFor(count: number): number {
  return Math.max(FINEST, Math.min(WIDEST, 0.35 / Math.max(1, count) ** 0.25));
}

export function surfaceOf(spots: readonly ISpot[], x: ISide, y: ISide): ISurface {
  const [columns, rows] = [x.cells, y.cells];
  const sums = new Float32Array(columns * rows);
  const weights = new Float32Array(columns * rows);
  const cell = (place: number, cells: number) =>
    Math.min(cells - 1, Math.max(0, Math.floor(place * cells)));
  for (const spot of spots) {
    const index = cell(spot.y, rows) * columns + cell(spot.x, columns);
    sums[index] += spot.value;
    weights[index] += 1;
  }
  const width = widthFor(spots.length);
  const fields = [sums, weights].map(field => {
    const across = x.smooth ? blurred(field, columns, rows, width, true) : field;
    return y.smooth ? blurred(across, columns, rows, width, false) : across;
  });
  const values = fields[0].map((sum, index) =>
    fields[1][index] > 0 ? sum / fields[1][index] : 0
  );
  // One run alone is worth about two thirds at its own place.
  const trust = fields[1].map(weight => 1 - Math.exp(-weight));
  return { columns, rows, values, trust };
}

/** A field with each cell spread along one axis; the spread is 1 at the cell itself. */
function blurred(
  field: Float32Array,
  columns: number,
  rows: number,
  width: number,
  across: boolean
): Float32Array {
  const cells = across ? columns : rows;
  const reach = Math.ceil(3 * width * cells);
  const kernel = Array.from({ length: reach + 1 }, (_, away) =>
    Math.exp(-((away / (width * cells)) ** 2) / 2)
  );
  const result = new Float32Array(field.length);
  const step = across ? 1 : columns;
  for (let index = 0; index < field.length; index += 1) {
    if (field[index] !== 0) {
      const at = across ? index % columns : Math.floor(index / columns);
      for (let away = Math.max(-reach, -at); away <= Math.min(reach, cells - 1 - at); away += 1) {
        result[index + away * step] += field[index] * kernel[Math.abs(away)];
      }
    }
  }
  return result;
}

/** Value and trust at a place, between the middles of the cells around it where that is smooth. */
export function sampled(
  surface: ISurface,
  x: number,
  y: number,
  smooth: { x: boolean; y: boolean }
): { value: number; trust: number } {
  const { columns, rows } = surface;
  const [left, right, toRight] = around(x, columns, smooth.x);
  const [low, high, toHigh] = around(y, rows, smooth.y);
  let [value, trust, total] = [0, 0, 0];
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
      const counted = weight * surface.trust[index];
      value += counted * surface.values[index];
      total += counted;
      trust += weight * surface.trust[index];
    }
  }
  return { value: total > 0 ? value / total : 0, trust };
}

function around(place: number, cells: number, smooth: boolean): [number, number, number] {
  const last = cells - 1;
  if (!smooth) {
    const cell = Math.min(last, Math.max(0, Math.floor(place * cells)));
    return [cell, cell, 0];
  }
  const at = Math.min(last, Math.max(0, place * cells - 0.5));
  const low = Math.floor(at);
  return [low, Math.min(last, low + 1), at - low];
}
