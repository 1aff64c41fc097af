/**
 * The order of the table, held while runs change: nothing moves under the pointer until the user
 * asks for it.
 *
 * Runs that belong at the end are added at once; all others wait. Runs that no longer pass the
 * filter keep their position until the next sort.
 */

import { type IFilter, type ISort, isSorted, sortRuns } from '../../../models/columns';
import type { RunRow } from '../../../api/schemas';

/** The inputs of the order. */
export interface ISortInput {
  /** The runs that pass the filter. */
  filteredRuns: readonly RunRow[];
  /** Return a run's current row. */
  find: (id: string) => RunRow | undefined;
  sort: ISort;
  filter: IFilter;
  /** Whether all runs have been loaded; until then, every update sorts anew. */
  isComplete: boolean;
}

export interface ISortedRuns {
  rows: readonly RunRow[];
  /** The number of runs that wait for the next sort. */
  pendingCount: number;
  /** Runs in the table that no longer pass the filter. */
  filteredOut: ReadonlySet<string>;
  /** Whether sorting now would change the order. */
  isStale: boolean;
}

const NO_IDS: ReadonlySet<string> = new Set();

export class StableSort {
  /** Sort everything at the next update. */
  release(): void {
    this._current = null;
  }

  /** Return what the table shows now; the same object while nothing has changed. */
  update(input: ISortInput): ISortedRuns {
    const previous = this._input;
    if (this._current !== null && previous !== null && isSameInput(previous, input)) {
      return this._current;
    }
    const isStable =
      this._current !== null &&
      previous !== null &&
      previous.isComplete &&
      previous.filter === input.filter &&
      previous.sort.column === input.sort.column &&
      previous.sort.descending === input.sort.descending;
    this._current = isStable && this._current ? keepOrder(this._current, input) : sortAll(input);
    this._input = input;
    return this._current;
  }

  private _current: ISortedRuns | null = null;
  private _input: ISortInput | null = null;
}

function isSameInput(a: ISortInput, b: ISortInput): boolean {
  return (
    a.filteredRuns === b.filteredRuns &&
    a.filter === b.filter &&
    a.sort.column === b.sort.column &&
    a.sort.descending === b.sort.descending &&
    a.isComplete === b.isComplete
  );
}

function sortAll({ filteredRuns, sort }: ISortInput): ISortedRuns {
  return {
    rows: sortRuns(filteredRuns, sort),
    pendingCount: 0,
    filteredOut: NO_IDS,
    isStale: false
  };
}

/** The previous rows, updated; runs that belong after them are appended. */
function keepOrder(previous: ISortedRuns, { filteredRuns, find, sort }: ISortInput): ISortedRuns {
  const remaining = new Set(filteredRuns.map(row => row.id));
  const filteredOut = new Set<string>();
  const rows: RunRow[] = [];
  for (const { id } of previous.rows) {
    const row = find(id);
    if (row !== undefined) {
      rows.push(row);
      if (!remaining.delete(id)) {
        filteredOut.add(id);
      }
    }
  }
  let pendingCount = remaining.size;
  if (pendingCount > 0) {
    const added = sortRuns(
      filteredRuns.filter(row => remaining.has(row.id)),
      sort
    );
    // From the first run after the last row on, all runs belong at the end.
    const last = rows.slice(-1);
    pendingCount = added.findIndex(row => isSorted([...last, row], sort));
    pendingCount = pendingCount === -1 ? added.length : pendingCount;
    rows.push(...added.slice(pendingCount));
  }
  return { rows, pendingCount, filteredOut, isStale: !isSorted(rows, sort) };
}
