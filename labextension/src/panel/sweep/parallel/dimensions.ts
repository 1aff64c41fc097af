/** Which axes the parallel coordinates have, and where each run lies on them. Pure. */

import { pitchOf, placeOf, type Scale, scaleFor, scatter } from '../../../charts/scale';
import { type IColumn, reader } from '../../../columns';
import type { RunRow } from '../../../wire';
import type { IAsked } from '../asked';

export interface IDimension {
  /** The column whose values it shows. */
  column: string;
  title: string;
  scale: Scale;
}

/** More than these cannot be told apart side by side. */
const MOST = 12;
/** Texts with more values than these make no axis. */
const MOST_CATEGORIES = 40;
const ROOM = 0.02;
/** Where so many runs share one place that one would hide the other, they stand side by side. */
const FEW = 30;
const SPREAD = 0.6;
/** Where a run lies that has no value: below the axis. */
export const NOWHERE = -1;

/** The parameters that differ, the most important ones first; then the objective. */
export function firstAxes(
  columns: readonly IColumn[],
  rows: readonly RunRow[],
  importance: ReadonlyMap<string, number>
): string[] {
  const params = columns.filter(column => column.group === 'params' && differs(column.id, rows));
  const weight = (column: IColumn) => importance.get(column.name) ?? 0;
  return [
    ...params
      .sort((one, other) => weight(other) - weight(one))
      .slice(0, MOST - 1)
      .map(column => column.id),
    'value'
  ];
}

/** The axes of some columns; those on which nothing can be shown are left out. */
export function dimensionsOf(
  axes: readonly string[],
  rows: readonly RunRow[],
  scaleOf: (column: string) => IAsked,
  titleOf: (column: string) => string
): IDimension[] {
  const found: IDimension[] = [];
  for (const column of axes) {
    const read = reader(column);
    const { log, listed } = scaleOf(column);
    const scale = scaleFor(rows.map(read), log, ROOM, listed);
    const isAxis = scale?.kind !== 'category' || scale.values.length <= MOST_CATEGORIES;
    if (scale !== null && isAxis) {
      found.push({ column, title: titleOf(column), scale });
    }
  }
  return found;
}

/** Places from 0 to 1 by run and axis, one after the other. */
export function placesOf(
  rows: readonly RunRow[],
  dimensions: readonly IDimension[]
): Float32Array {
  const count = dimensions.length;
  const places = new Float32Array(rows.length * count);
  dimensions.forEach(({ column, scale }, axis) => {
    const read = reader(column);
    const spread = rows.length > FEW ? SPREAD * pitchOf(scale) : 0;
    rows.forEach((row, index) => {
      const place = placeOf(scale, read(row));
      places[index * count + axis] =
        place === null ? NOWHERE : place + spread * scatter(row.number, axis);
    });
  });
  return places;
}

function differs(column: string, rows: readonly RunRow[]): boolean {
  const read = reader(column);
  const first = rows.length > 0 ? read(rows[0]) : null;
  return rows.some(row => read(row) !== first);
}
