/**
 * The runs of one sweep, as they arrive.
 *
 * Active sweeps of ten thousand runs change a few rows at a time, several times per second:
 * unchanged rows are not sorted, filtered or searched again.
 */

import {
  compareByNumber,
  ColumnRegistry,
  type IColumn,
  type IFilter,
  filterPredicate
} from './columns';
import type { RunRow } from '../api/schemas';

export class RunStore {
  /** All runs in order of number and attempt. The array stays the same until a run changes. */
  get all(): readonly RunRow[] {
    return this._all;
  }

  get columns(): readonly IColumn[] {
    return this._columns.all;
  }

  get(id: string): RunRow | undefined {
    const index = this._indexById.get(id);
    return index === undefined ? undefined : this._all[index];
  }

  /** Add rows; they replace earlier rows of the same runs. */
  merge(rows: readonly RunRow[]): void {
    if (rows.length === 0) {
      return;
    }
    const all = [...this._all];
    let isOrdered = true;
    for (const row of rows) {
      this._columns.add(row);
      const index = this._indexById.get(row.id);
      if (index !== undefined) {
        all[index] = row;
      } else {
        isOrdered &&= all.length === 0 || compareByNumber(all[all.length - 1], row) <= 0;
        this._indexById.set(row.id, all.push(row) - 1);
      }
    }
    if (!isOrdered) {
      all.sort(compareByNumber);
      all.forEach((row, index) => this._indexById.set(row.id, index));
    }
    this._all = all;
    this._filtered = null;
  }

  /**
   * The runs that pass a filter, in the same order, without those that the user has hidden; the
   * array stays the same until either changes.
   */
  filtered(filter: IFilter, showsHidden = false): readonly RunRow[] {
    if (filter !== this._filter || showsHidden !== this._showsHidden) {
      this._filter = filter;
      this._showsHidden = showsHidden;
      this._predicate = filterPredicate(filter);
      this._memoized = null;
      this._filtered = null;
    }
    if (this._filtered === null) {
      const predicate = this._memoized ?? this._predicate;
      const passing = predicate === null ? this._all : this._all.filter(predicate);
      const hides = !showsHidden && passing.some(row => row.hidden);
      this._filtered = hides ? passing.filter(row => !row.hidden) : passing;
      // While the user drags a filter, each filter is used once, so caching its results would only
      // cost.
      this._memoized ??= this._predicate && memoized(this._predicate);
    }
    return this._filtered;
  }

  /**
   * The selected runs among those shown, or all shown runs if none is selected; the array stays the
   * same until something changes.
   */
  active(filter: IFilter, selection: readonly string[], showsHidden = false): readonly RunRow[] {
    const filtered = this.filtered(filter, showsHidden);
    if (selection.length === 0) {
      return filtered;
    }
    if (this._active?.filtered !== filtered || this._active.selection !== selection) {
      const selected = new Set(selection);
      const rows = filtered.filter(row => selected.has(row.id));
      this._active = { filtered, selection, rows };
    }
    return this._active.rows;
  }

  private _all: readonly RunRow[] = [];
  private _columns = new ColumnRegistry();
  private _active: IActiveRuns | null = null;
  private _filter: IFilter | null = null;
  private _showsHidden = false;
  private _predicate: ((row: RunRow) => boolean) | null = null;
  private _indexById = new Map<string, number>();
  private _memoized: ((row: RunRow) => boolean) | null = null;
  private _filtered: readonly RunRow[] | null = null;
}

interface IActiveRuns {
  filtered: readonly RunRow[];
  selection: readonly string[];
  rows: readonly RunRow[];
}

/** Rows are immutable: each needs to be tested only once. */
function memoized(predicate: (row: RunRow) => boolean): (row: RunRow) => boolean {
  const answers = new WeakMap<RunRow, boolean>();
  return (row: RunRow): boolean => {
    let answer = answers.get(row);
    if (answer === undefined) {
      answer = predicate(row);
      answers.set(row, answer);
    }
    return answer;
  };
}
