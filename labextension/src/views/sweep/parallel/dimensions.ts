/** The axes of the parallel coordinates, and the position of each run on them. Pure. */

import { jitterWidth, normalize, type Scale, makeScale, jitter } from '../../../charts/scale';
import { type IColumn, cellReader } from '../../../models/columns';
import type { RunRow } from '../../../api/schemas';
import type { IAxisOptions } from '../axisOptions';

export interface IDimension {
  /** The column whose values it shows. */
  column: string;
  title: string;
  scale: Scale;
}

/** More axes than this are hard to distinguish side by side. */
const MAX_AXES = 12;
/** Text columns with more values than this are not offered as axes. */
const MAX_CATEGORIES = 40;
const PADDING = 0.02;
/** The position of a run without a value: below the axis. */
export const NO_POSITION = -1;

/** The parameters that differ, the most important ones first; then the objective. */
export function defaultAxes(
  columns: readonly IColumn[],
  rows: readonly RunRow[],
  importance: ReadonlyMap<string, number>
): string[] {
  const params = columns.filter(column => column.group === 'params' && differs(column.id, rows));
  const weight = (column: IColumn) => importance.get(column.name) ?? 0;
  return [
    ...params
      .sort((a, b) => weight(b) - weight(a))
      .slice(0, MAX_AXES - 1)
      .map(column => column.id),
    'value'
  ];
}

/** The axes of some columns; columns that cannot be shown are left out. */
export function makeDimensions(
  axes: readonly string[],
  rows: readonly RunRow[],
  scaleOf: (column: string) => IAxisOptions,
  titleOf: (column: string) => string
): IDimension[] {
  const dimensions: IDimension[] = [];
  for (const column of axes) {
    const read = cellReader(column);
    const { isLog, choices } = scaleOf(column);
    const scale = makeScale(rows.map(read), isLog, PADDING, choices);
    const isAxis = scale?.kind !== 'category' || scale.values.length <= MAX_CATEGORIES;
    if (scale !== null && isAxis) {
      dimensions.push({ column, title: titleOf(column), scale });
    }
  }
  return dimensions;
}

/** Positions from 0 to 1 by run and axis, in one array. */
export function positionsOf(
  rows: readonly RunRow[],
  dimensions: readonly IDimension[]
): Float32Array {
  const count = dimensions.length;
  const positions = new Float32Array(rows.length * count);
  dimensions.forEach(({ column, scale }, axis) => {
    const read = cellReader(column);
    const width = jitterWidth(scale, rows.length);
    rows.forEach((row, index) => {
      const position = normalize(scale, read(row));
      positions[index * count + axis] =
        position === null ? NO_POSITION : position + width * jitter(row.number, axis);
    });
  });
  return positions;
}

function differs(column: string, rows: readonly RunRow[]): boolean {
  const read = cellReader(column);
  const first = rows.length > 0 ? read(rows[0]) : null;
  return rows.some(row => read(row) !== first);
}
