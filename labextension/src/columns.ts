/** The columns of a sweep's runs, and the one filter that table and plots share. Pure. */

import type { RunRow, RunState } from './wire';

/** A value that a column can have: what a number column has is drawn on a scale. */
export type Cell = number | string | boolean | null;

export type Group = 'run' | 'params' | 'summary';

/** One column; `id` is `state`, `duration`, `params.lr`, `summary.val.loss`, … */
export interface IColumn {
  id: string;
  group: Group;
  /** The id without its group. */
  name: string;
  /** Whether all its values are numbers. */
  numeric: boolean;
}

/** A range of numbers, or the texts that are let through. */
export type Range = { low: number; high: number } | { values: readonly string[] };

/** Which runs are shown: all conditions hold at once. */
export interface IFilter {
  /** Words that must all occur in a run's name, state, cause, tags or values. */
  text: string;
  states: readonly RunState[];
  ranges: Readonly<Record<string, Range>>;
}

/** In which order runs stand. */
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
    ['host', false],
    ['group', false],
    ['tags', false],
    ['cause', false],
    ['id', false]
  ] as const
).map(([name, numeric]) => ({ id: name, group: 'run', name, numeric }));

/** Finds the columns of runs one by one: a column stays once it was seen. */
export class Columns {
  /** Those of every run first, then parameters, then the summary. */
  get all(): readonly IColumn[] {
    return (this._all ??= [
      ...RUN_COLUMNS,
      ...named('params', this._params),
      ...named('summary', this._summary)
    ]);
  }

  note(row: RunRow): void {
    const params = note(this._params, row.params);
    const summary = note(this._summary, row.summary);
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
  const columns = new Columns();
  for (const row of rows) {
    columns.note(row);
  }
  return columns.all;
}

/** A run's value in a column; null if it has none. Durations are in seconds. */
export function cell(row: RunRow, column: string): Cell {
  return reader(column)(row);
}

/** The same for many runs: looks only once what the column is. */
export function reader(column: string): (row: RunRow) => Cell {
  if (column.startsWith('params.')) {
    const key = column.slice(7);
    return row => plain(row.params[key]);
  }
  if (column.startsWith('summary.')) {
    const key = column.slice(8);
    return row => plain(row.summary[key]);
  }
  if (column === 'duration') {
    return duration;
  }
  if (column === 'tags') {
    return row => row.tags.join(', ');
  }
  return row => plain(row[column as keyof RunRow]);
}

/** Seconds that a run took, or has taken so far; null before it has begun. */
export function duration(row: RunRow): number | null {
  if (row.started === null) {
    return null;
  }
  return Math.max(0, (row.ended ?? Date.now() / 1000) - row.started);
}

/** Whether a filter lets a run through. */
export function passes(row: RunRow, filter: IFilter): boolean {
  return predicate(filter)?.(row) ?? true;
}

/** The same for many runs; null if the filter lets everything through. */
export function predicate(filter: IFilter): ((row: RunRow) => boolean) | null {
  const tests: ((row: RunRow) => boolean)[] = [];
  if (filter.states.length > 0) {
    const states = new Set(filter.states);
    tests.push(row => states.has(row.state));
  }
  for (const [column, range] of Object.entries(filter.ranges)) {
    const read = reader(column);
    if ('values' in range) {
      const values = new Set(range.values);
      tests.push(row => values.has(String(read(row))));
    } else {
      tests.push(row => {
        const value = read(row);
        return typeof value === 'number' && value >= range.low && value <= range.high;
      });
    }
  }
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length > 0) {
    tests.push(row => {
      const text = textOf(row);
      return words.every(word => text.includes(word));
    });
  }
  return tests.length === 0 ? null : row => tests.every(test => test(row));
}

/** The conditions of a filter without that on one column. */
export function without(ranges: IFilter['ranges'], column: string): IFilter['ranges'] {
  return Object.fromEntries(Object.entries(ranges).filter(([name]) => name !== column));
}

/** Put rows in order of a column; rows without a value come last either way. */
export function sorted(rows: readonly RunRow[], { column, descending }: ISort): RunRow[] {
  const read = reader(column);
  const keyed = rows.map(row => ({ row, value: read(row) }));
  keyed.sort((one, other) => compare(one, other, descending));
  return keyed.map(each => each.row);
}

/** Whether rows are in order of a column. */
export function isSorted(rows: readonly RunRow[], { column, descending }: ISort): boolean {
  const read = reader(column);
  let before: IKeyed | null = null;
  for (const row of rows) {
    const keyed = { row, value: read(row) };
    if (before !== null && compare(before, keyed, descending) > 0) {
      return false;
    }
    before = keyed;
  }
  return true;
}

interface IKeyed {
  row: RunRow;
  value: Cell;
}

function compare(one: IKeyed, other: IKeyed, descending: boolean): number {
  const missing = Number(isMissing(one.value)) - Number(isMissing(other.value));
  if (missing !== 0 || isMissing(one.value)) {
    return missing || byNumber(one.row, other.row);
  }
  const order = compareValues(one.value, other.value);
  return (descending ? -order : order) || byNumber(one.row, other.row);
}

// Making one is slow, comparing with it is not.
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

function compareValues(one: Cell, other: Cell): number {
  if (typeof one === 'number' && typeof other === 'number') {
    return one - other;
  }
  return COLLATOR.compare(String(one), String(other));
}

/** The order in which runs were begun. */
export function byNumber(one: RunRow, other: RunRow): number {
  return one.number - other.number || one.attempt - other.attempt;
}

function isMissing(value: Cell): boolean {
  return value === null || value === '';
}

const texts = new WeakMap<RunRow, string>();

/** What the filter's words are looked for in. */
function textOf(row: RunRow): string {
  let text = texts.get(row);
  if (text === undefined) {
    text = [
      row.id,
      row.name,
      `#${row.number}`,
      row.state,
      row.cause,
      row.failure,
      row.group,
      row.host,
      ...row.tags,
      ...Object.entries(row.params).map(([key, value]) => `${key}=${String(value)}`)
    ]
      .join(' ')
      .toLowerCase();
    texts.set(row, text);
  }
  return text;
}

/** Take in the keys of one run; tells whether that changed anything. */
function note(found: Map<string, boolean>, values: Record<string, unknown>): boolean {
  let changed = false;
  for (const key in values) {
    const before = found.get(key);
    if (before !== false) {
      const value = values[key];
      const numeric = typeof value === 'number' || value === null || isNotFinite(value);
      if (numeric !== before) {
        found.set(key, numeric);
        changed = true;
      }
    }
  }
  return changed;
}

function isNotFinite(value: unknown): boolean {
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}

function named(group: Group, found: Map<string, boolean>): IColumn[] {
  return [...found].map(([name, numeric]) => ({ id: `${group}.${name}`, group, name, numeric }));
}

function plain(value: unknown): Cell {
  switch (typeof value) {
    case 'number':
    case 'string':
    case 'boolean':
      return isNotFinite(value) ? null : value;
    case 'undefined':
      return null;
    default:
      return value === null ? null : JSON.stringify(value);
  }
}
