/** Which columns the table has, their widths, and which of them are visible. Pure. */

import type { IColumn, ISort } from '../../../models/columns';

/** The saved layout of the table; no columns means the default ones. */
export interface ITableLayout extends ISort {
  columns: readonly string[];
  widths: Readonly<Record<string, number>>;
}

export const DEFAULT_LAYOUT: ITableLayout = {
  columns: [],
  widths: {},
  column: 'number',
  descending: false
};

export const ROW_HEIGHT = 24;
export const MIN_WIDTH = 48;
export const MAX_WIDTH = 800;

/** The column that identifies runs is always the first one. */
export const FIRST_COLUMN = 'number';

const WIDTHS: Readonly<Record<string, number>> = { number: 84, name: 150, state: 100, cause: 220 };
const DEFAULT_PARAMS = 12;
const DEFAULT_SUMMARY = 4;
const CHARACTER_WIDTH = 7.2;

/** The columns to show, in their order. */
export function visibleColumns(
  columns: readonly IColumn[],
  layout: ITableLayout,
  metric: string | null,
  hasNames = true,
  hasRepeats = false
): readonly IColumn[] {
  const columnsById = new Map(columns.map(column => [column.id, column]));
  const ids =
    layout.columns.length > 0
      ? layout.columns
      : defaultColumns(columns, metric, hasNames, hasRepeats);
  const otherIds = ids.filter(id => id !== FIRST_COLUMN);
  return [FIRST_COLUMN, ...otherIds].flatMap(id => columnsById.get(id) ?? []);
}

/** The default columns of a sweep; W&B does not name runs while it is offline. */
export function defaultColumns(
  columns: readonly IColumn[],
  metric: string | null,
  hasNames: boolean,
  hasRepeats = false
): string[] {
  const params = columns.filter(column => column.group === 'params');
  const summary = columns.filter(
    ({ group, name, numeric }) =>
      group === 'summary' && numeric && name !== metric && !name.startsWith('_')
  );
  return [
    FIRST_COLUMN,
    ...(hasRepeats ? ['repeat_group'] : []),
    'state',
    'value',
    ...params.slice(0, DEFAULT_PARAMS).map(column => column.id),
    ...summary.slice(0, DEFAULT_SUMMARY).map(column => column.id),
    'duration',
    ...(hasNames ? ['name'] : [])
  ];
}

/** A column's width: the one that the user set, or one that fits its content. */
export function widthOf(column: IColumn, title: string, layout: ITableLayout): number {
  const customWidth = layout.widths[column.id];
  if (typeof customWidth === 'number') {
    return Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, customWidth));
  }
  // The title also needs room for its sort arrow and its menu.
  const needed = Math.ceil(title.length * CHARACTER_WIDTH) + 40;
  return WIDTHS[column.id] ?? Math.min(200, Math.max(88, needed));
}

/** Move a column by one position; `by` is 1 or -1. */
export function moveColumn(ids: readonly string[], column: string, by: number): string[] {
  const otherIds = ids.filter(id => id !== column);
  const index = Math.max(1, Math.min(otherIds.length, ids.indexOf(column) + by));
  return [...otherIds.slice(0, index), column, ...otherIds.slice(index)];
}

/** Which of some pieces in a row are visible: from `first` to `end` (exclusive). */
export function visibleSlice(
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
