/** The columns of a sweep's runs, and the one filter that the table and the plots share. Pure. */

import type { RunRow, RunState } from '../api/schemas';
import type { Cell } from '../format';
import { parseQuery, queryProblem } from './query/query';
import { durationOf, searchedText } from './query/runFields';

export { durationOf };

export type ColumnGroup = 'run' | 'params' | 'summary';

/** One column; `id` is `state`, `duration`, `params.lr`, `summary.val.loss`, … */
export interface IColumn {
  id: string;
  group: ColumnGroup;
  /** The id without its group. */
  name: string;
  /** Whether all its values are numbers. */
  numeric: boolean;
}

/** A range of numbers, or the texts that pass. */
export type Range = { low: number; high: number } | { values: readonly string[] };

/** Which runs are shown: all conditions must hold. */
export interface IFilter {
  /** A query: `lr < 1e-3 and tag:best`, or words that a run must have in its texts. */
  text: string;
  states: readonly RunState[];
  ranges: Readonly<Record<string, Range>>;
}

/** The order of runs. */
export interface ISort {
  column: string;
  descending: boolean;
}

export const NO_FILTER: IFilter = { text: '', states: [], ranges: {} };

const RUN_COLUMNS: readonly IColumn[] = (
  [
    ['number', true],
    ['name', false],
    ['state', false],
    ['value', true],
    ['duration', true],
    ['started', true],
    ['agent', true],
    ['attempt', true],
    ['repeat_group', false],
    ['host', false],
    ['group', false],
    ['tags', false],
    ['notes', false],
    ['cause', false],
    ['id', false]
  ] as const
).map(([name, numeric]) => ({ id: name, group: 'run', name, numeric }));

/** Collects the columns of runs one by one; a column is never removed. */
export class ColumnRegistry {
  /** Columns that every run has come first, then parameters, then the summary. */
  get all(): readonly IColumn[] {
    return (this._all ??= [
      ...RUN_COLUMNS,
      ...toColumns('params', this._params),
      ...toColumns('summary', this._summary)
    ]);
  }

  add(row: RunRow): void {
    const params = addKeys(this._params, row.params);
    const summary = addKeys(this._summary, row.summary);
    if (params || summary) {
      this._all = null;
    }
  }

  private _all: readonly IColumn[] | null = null;
  private _params = new Map<string, boolean>();
  private _summary = new Map<string, boolean>();
}

/** All columns of these runs. */
export function columnsOf(rows: Iterable<RunRow>): readonly IColumn[] {
  const columns = new ColumnRegistry();
  for (const row of rows) {
    columns.add(row);
  }
  return columns.all;
}

/** A run's value in a column; null if it has none. Durations are in seconds. */
export function cellValue(row: RunRow, column: string): Cell {
  return cellReader(column)(row);
}

/** The same for many runs: resolves the column only once. */
export function cellReader(column: string): (row: RunRow) => Cell {
  if (column.startsWith('params.')) {
    const key = column.slice(7);
    return row => toCell(row.params[key]);
  }
  if (column.startsWith('summary.')) {
    const key = column.slice(8);
    return row => toCell(row.summary[key]);
  }
  if (column === 'duration') {
    return durationOf;
  }
  if (column === 'tags') {
    return row => row.tags.join(', ');
  }
  return row => toCell(row[column as keyof RunRow]);
}

/** Whether a run has None in a column of parameters or metrics, which is not a missing value. */
export function isNone(row: RunRow, column: string): boolean {
  const group = column.startsWith('params.')
    ? 'params'
    : column.startsWith('summary.')
      ? 'summary'
      : null;
  return group !== null && row[group][column.slice(group.length + 1)] === null;
}

/** The text that stands for a run's value in the values of a range: None and missing differ. */
export function rangeValue(row: RunRow, column: string, value: Cell): string {
  return value === null && isNone(row, column) ? NONE_VALUE : String(value);
}

/** None among the values of a range; no text that a run logs looks like it. */
export const NONE_VALUE = '\u0000None';

/** Whether a run passes a filter. */
export function matchesFilter(row: RunRow, filter: IFilter): boolean {
  return filterPredicate(filter)?.(row) ?? true;
}

/** The same for many runs; null if all runs pass the filter. */
export function filterPredicate(filter: IFilter): ((row: RunRow) => boolean) | null {
  const tests: ((row: RunRow) => boolean)[] = [];
  if (filter.states.length > 0) {
    const states = new Set(filter.states);
    tests.push(row => states.has(row.state));
  }
  for (const [column, range] of Object.entries(filter.ranges)) {
    const read = cellReader(column);
    if ('values' in range) {
      const values = new Set(range.values);
      tests.push(row => values.has(rangeValue(row, column, read(row))));
    } else {
      tests.push(row => {
        const value = read(row);
        return typeof value === 'number' && value >= range.low && value <= range.high;
      });
    }
  }
  if (filter.text.trim() !== '') {
    tests.push(textTest(filter.text));
  }
  return tests.length === 0 ? null : row => tests.every(test => test(row));
}

/** The test of a query; a text that is none, as an earlier version may have saved it, is words. */
function textTest(text: string): (row: RunRow) => boolean {
  if (queryProblem(text) === null) {
    return parseQuery(text).test;
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return row => words.every(word => searchedText(row).includes(word));
}

/** The filter with another condition on a column; with null, with none. */
export function withRange(filter: IFilter, column: string, range: Range | null): IFilter {
  const ranges = Object.fromEntries(
    Object.entries(filter.ranges).filter(([name]) => name !== column)
  );
  return { ...filter, ranges: range === null ? ranges : { ...ranges, [column]: range } };
}

/** Sort rows by a column, pinned ones first; those without a value come last in any direction. */
export function sortRuns(rows: readonly RunRow[], { column, descending }: ISort): RunRow[] {
  const read = cellReader(column);
  const keys = rows.map(row => ({ row, value: read(row) }));
  keys.sort((a, b) => compare(a, b, descending));
  return keys.map(key => key.row);
}

/** Whether rows are sorted by a column. */
export function isSorted(rows: readonly RunRow[], { column, descending }: ISort): boolean {
  const read = cellReader(column);
  let previous: ISortKey | null = null;
  for (const row of rows) {
    const key = { row, value: read(row) };
    if (previous !== null && compare(previous, key, descending) > 0) {
      return false;
    }
    previous = key;
  }
  return true;
}

interface ISortKey {
  row: RunRow;
  value: Cell;
}

function compare(a: ISortKey, b: ISortKey, descending: boolean): number {
  if (a.row.pinned !== b.row.pinned) {
    return Number(b.row.pinned) - Number(a.row.pinned);
  }
  const order = Number(isMissing(a.value)) - Number(isMissing(b.value));
  if (order !== 0 || isMissing(a.value)) {
    return order || compareByNumber(a.row, b.row);
  }
  const valueOrder = compareValues(a.value, b.value);
  return (descending ? -valueOrder : valueOrder) || compareByNumber(a.row, b.row);
}

// Creating a collator is slow, comparing with it is fast.
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

function compareValues(a: Cell, b: Cell): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  return COLLATOR.compare(String(a), String(b));
}

/** The order in which runs were started. */
export function compareByNumber(a: RunRow, b: RunRow): number {
  return a.number - b.number || a.attempt - b.attempt;
}

function isMissing(value: Cell): boolean {
  return value === null || value === '';
}

/**
 * Nested parameters by dotted key, as the server sends those of rows: lists and empty objects are
 * values.
 */
export function flattenKeys(values: Record<string, unknown>, prefix = ''): [string, unknown][] {
  return Object.entries(values).flatMap(([key, value]): [string, unknown][] => {
    const name = `${prefix}${key}`;
    const isNested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isNested && Object.keys(value).length > 0
      ? flattenKeys(value as Record<string, unknown>, `${name}.`)
      : [[name, value]];
  });
}

/** Add the keys of one run; returns whether that changed anything. */
function addKeys(columns: Map<string, boolean>, values: Record<string, unknown>): boolean {
  let changed = false;
  for (const key in values) {
    const wasNumeric = columns.get(key);
    if (wasNumeric !== false) {
      const value = values[key];
      const numeric = typeof value === 'number' || value === null || isNonFinite(value);
      if (numeric !== wasNumeric) {
        columns.set(key, numeric);
        changed = true;
      }
    }
  }
  return changed;
}

function isNonFinite(value: unknown): boolean {
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}

function toColumns(group: ColumnGroup, columns: Map<string, boolean>): IColumn[] {
  return [...columns].map(([name, numeric]) => ({ id: `${group}.${name}`, group, name, numeric }));
}

/** A parameter's or a summary's value as it is shown; lists as JSON. */
export function toCell(value: unknown): Cell {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
      return isNonFinite(value) ? null : value;
    case 'undefined':
      return null;
    default:
      return value === null ? null : JSON.stringify(value);
  }
}
