/**
 * The order of the table, held while runs change: nothing moves under the pointer until it is asked.
 *
 * Runs that come last anyway are added at the end at once; all others wait. Runs that do not pass the
 * filter any more stay in their place until the next order.
 */

import { type IFilter, type ISort, isSorted, sortRuns } from '../../../models/columns';
import type { RunRow } from '../../../api/schemas';

/** What the order is made of. */
export interface ISortInput {
  /** The runs that the filter lets through. */
  filteredRuns: readonly RunRow[];
  /** A run as it is now. */
  find: (id: string) => RunRow | undefined;
  sort: ISort;
  filter: IFilter;
  /** Whether all runs have arrived; while they do, every order is a new one. */
  isComplete: boolean;
}

export interface ISortedRuns {
  rows: readonly RunRow[];
  /** How many runs wait for the next order. */
  pendingCount: number;
  /** Runs that stand here and do not pass the filter any more. */
  filteredOut: ReadonlySet<string>;
  /** Whether the rows would stand in another order now. */
  isStale: boolean;
}

const NO_IDS: ReadonlySet<string> = new Set();

export class StableSort {
  /** The next time, put everything in order. */
  release(): void {
    this._current = null;
  }

  /** What the table shows now; the same object while nothing has changed. */
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

/** The rows of before, as they are now; whoever has its place after them is added. */
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
    // From the first that comes after the last row on, all do.
    const last = rows.slice(-1);
    pendingCount = added.findIndex(row => isSorted([...last, row], sort));
    pendingCount = pendingCount === -1 ? added.length : pendingCount;
    rows.push(...added.slice(pendingCount));
  }
  return { rows, pendingCount, filteredOut, isStale: !isSorted(rows, sort) };
}
