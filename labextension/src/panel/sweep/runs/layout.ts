/** Which columns the table has, how wide they are, and which of them are in sight. Pure. */

import type { IColumn, ISort } from '../../../columns';

/** What the table remembers of itself; no columns means those that a sweep has at first. */
export interface ILayout extends ISort {
  columns: readonly string[];
  widths: Readonly<Record<string, number>>;
}

export const FIRST_LAYOUT: ILayout = {
  columns: [],
  widths: {},
  column: 'number',
  descending: false
};

export const ROW_HEIGHT = 24;
export const MIN_WIDTH = 48;
export const MAX_WIDTH = 800;

/** The column that tells runs apart stands first, always. */
export const FIRST_COLUMN = 'number';

const WIDTHS: Readonly<Record<string, number>> = { number: 84, name: 150, state: 100, cause: 220 };
const PARAMS_AT_FIRST = 12;
const SUMMARY_AT_FIRST = 4;
const CHARACTER = 7.2;

/** The columns to show, in their order. */
export function visibleColumns(
  columns: readonly IColumn[],
  layout: ILayout,
  metric: string | null,
  named = true
): readonly IColumn[] {
  const known = new Map(columns.map(column => [column.id, column]));
  const wanted = layout.columns.length > 0 ? layout.columns : firstColumns(columns, metric, named);
  const others = wanted.filter(id => id !== FIRST_COLUMN);
  return [FIRST_COLUMN, ...others].flatMap(id => known.get(id) ?? []);
}

/** What a sweep shows before anybody has chosen columns; W&B names no runs while it is offline. */
export function firstColumns(
  columns: readonly IColumn[],
  metric: string | null,
  named: boolean
): string[] {
  const params = columns.filter(column => column.group === 'params');
  const summary = columns.filter(
    ({ group, name, numeric }) =>
      group === 'summary' && numeric && name !== metric && !name.startsWith('_')
  );
  return [
    FIRST_COLUMN,
    'state',
    'value',
    ...params.slice(0, PARAMS_AT_FIRST).map(column => column.id),
    ...summary.slice(0, SUMMARY_AT_FIRST).map(column => column.id),
    'duration',
    ...(named ? ['name'] : [])
  ];
}

/** A column's width, by what stands in it, unless somebody chose one. */
export function widthOf(column: IColumn, title: string, layout: ILayout): number {
  const own = layout.widths[column.id];
  if (typeof own === 'number') {
    return Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, own));
  }
  // The title needs room for its arrow and its menu, too.
  const needed = Math.ceil(title.length * CHARACTER) + 40;
  return WIDTHS[column.id] ?? Math.min(200, Math.max(88, needed));
}

/** Put a column one place further, `by` is 1 or -1. */
export function moved(ids: readonly string[], column: string, by: number): string[] {
  const others = ids.filter(id => id !== column);
  const place = Math.max(1, Math.min(others.length, ids.indexOf(column) + by));
  return [...others.slice(0, place), column, ...others.slice(place)];
}

/** Which of some pieces in a row are in sight: from `first` up to, without, `end`. */
export function inSight(
  starts: readonly number[],
  from: number,
  to: number
): { first: number; end: number } {
  let first = 0;
  while (first + 1 < starts.length && starts[first + 1] <= from) {
    first += 1;
  }
  let end = first;
  while (end < starts.length && starts[end] < to) {
    end += 1;
  }
  return { first, end };
}
