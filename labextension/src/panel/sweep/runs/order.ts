/**
 * The order of the table, held while runs change: nothing moves under the pointer until it is asked.
 *
 * Runs that come last anyway are added at the end at once; all others wait. Runs that do not pass the
 * filter any more stay in their place until the next order.
 */

import { type IFilter, type ISort, isSorted, sorted } from '../../../columns';
import type { RunRow } from '../../../wire';

/** What the order is made of. */
export interface IOrdering {
  /** The runs that the filter lets through. */
  shown: readonly RunRow[];
  /** A run as it is now. */
  find: (id: string) => RunRow | undefined;
  sort: ISort;
  filter: IFilter;
  /** Whether all runs have arrived; while they do, every order is a new one. */
  complete: boolean;
}

export interface IOrdered {
  rows: readonly RunRow[];
  /** How many runs wait for the next order. */
  waiting: number;
  /** Runs that stand here and do not pass the filter any more. */
  leaving: ReadonlySet<string>;
  /** Whether the rows would stand in another order now. */
  stale: boolean;
}

const NOTHING: ReadonlySet<string> = new Set();

export class HeldOrder {
  /** The next time, put everything in order. */
  release(): void {
    this._held = null;
  }

  /** What the table shows now; the same object while nothing has changed. */
  take(ordering: IOrdering): IOrdered {
    const before = this._ordering;
    if (this._held !== null && before !== null && isSame(before, ordering)) {
      return this._held;
    }
    const holds =
      this._held !== null &&
      before !== null &&
      before.complete &&
      before.filter === ordering.filter &&
      before.sort.column === ordering.sort.column &&
      before.sort.descending === ordering.sort.descending;
    this._held = holds && this._held ? follow(this._held, ordering) : inOrder(ordering);
    this._ordering = ordering;
    return this._held;
  }

  private _held: IOrdered | null = null;
  private _ordering: IOrdering | null = null;
}

function isSame(one: IOrdering, other: IOrdering): boolean {
  return (
    one.shown === other.shown &&
    one.filter === other.filter &&
    one.sort.column === other.sort.column &&
    one.sort.descending === other.sort.descending &&
    one.complete === other.complete
  );
}

function inOrder({ shown, sort }: IOrdering): IOrdered {
  return { rows: sorted(shown, sort), waiting: 0, leaving: NOTHING, stale: false };
}

/** The rows of before, as they are now; whoever has its place after them is added. */
function follow(before: IOrdered, { shown, find, sort }: IOrdering): IOrdered {
  const passing = new Set(shown.map(row => row.id));
  const leaving = new Set<string>();
  const rows: RunRow[] = [];
  for (const { id } of before.rows) {
    const row = find(id);
    if (row !== undefined) {
      rows.push(row);
      if (!passing.delete(id)) {
        leaving.add(id);
      }
    }
  }
  let waiting = passing.size;
  if (waiting > 0) {
    const added = sorted(
      shown.filter(row => passing.has(row.id)),
      sort
    );
    // From the first that comes after the last row on, all do.
    const last = rows.slice(-1);
    waiting = added.findIndex(row => isSorted([...last, row], sort));
    waiting = waiting === -1 ? added.length : waiting;
    rows.push(...added.slice(waiting));
  }
  return { rows, waiting, leaving, stale: !isSorted(rows, sort) };
}
