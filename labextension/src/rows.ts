/**
 * The runs of one sweep, as they arrive.
 *
 * Live sweeps of ten thousand runs change a few rows at a time, several times a second: what a change
 * does not touch is not sorted, filtered or looked through again.
 */

import { byNumber, Columns, type IColumn, type IFilter, predicate } from './columns';
import type { RunRow } from './wire';

export class Rows {
  /** All runs in order of number and attempt. The same array until one of them changes. */
  get all(): readonly RunRow[] {
    return this._all;
  }

  get columns(): readonly IColumn[] {
    return this._columns.all;
  }

  get(id: string): RunRow | undefined {
    const place = this._places.get(id);
    return place === undefined ? undefined : this._all[place];
  }

  /** Put rows in, in the place of what was known of the same runs. */
  take(rows: readonly RunRow[]): void {
    if (rows.length === 0) {
      return;
    }
    const all = [...this._all];
    let ordered = true;
    for (const row of rows) {
      this._columns.note(row);
      const place = this._places.get(row.id);
      if (place !== undefined) {
        all[place] = row;
      } else {
        ordered &&= all.length === 0 || byNumber(all[all.length - 1], row) <= 0;
        this._places.set(row.id, all.push(row) - 1);
      }
    }
    if (!ordered) {
      all.sort(byNumber);
      all.forEach((row, place) => this._places.set(row.id, place));
    }
    this._all = all;
    this._shown = null;
  }

  /** The runs that a filter lets through, in the same order; the same array while neither changes. */
  shown(filter: IFilter): readonly RunRow[] {
    if (filter !== this._filter) {
      this._filter = filter;
      this._passes = predicate(filter);
      this._remembers = null;
      this._shown = null;
    }
    if (this._shown === null) {
      const passes = this._remembers ?? this._passes;
      this._shown = passes === null ? this._all : this._all.filter(passes);
      // A filter that is being dragged is asked once, and to remember its answers would only cost.
      this._remembers ??= this._passes && remembered(this._passes);
    }
    return this._shown;
  }

  /** The shown runs that are selected, all of them if none is; the same array while nothing changes. */
  considered(filter: IFilter, selection: readonly string[]): readonly RunRow[] {
    const shown = this.shown(filter);
    if (selection.length === 0) {
      return shown;
    }
    if (this._considered?.shown !== shown || this._considered.selection !== selection) {
      const selected = new Set(selection);
      const rows = shown.filter(row => selected.has(row.id));
      this._considered = { shown, selection, rows };
    }
    return this._considered.rows;
  }

  private _all: readonly RunRow[] = [];
  private _columns = new Columns();
  private _considered: IConsidered | null = null;
  private _filter: IFilter | null = null;
  private _passes: ((row: RunRow) => boolean) | null = null;
  private _places = new Map<string, number>();
  private _remembers: ((row: RunRow) => boolean) | null = null;
  private _shown: readonly RunRow[] | null = null;
}

interface IConsidered {
  shown: readonly RunRow[];
  selection: readonly string[];
  rows: readonly RunRow[];
}

/** A row never changes, it is replaced: each needs to be asked only once. */
function remembered(passes: (row: RunRow) => boolean): (row: RunRow) => boolean {
  const answers = new WeakMap<RunRow, boolean>();
  return (row: RunRow): boolean => {
    let answer = answers.get(row);
    if (answer === undefined) {
      answer = passes(row);
      answers.set(row, answer);
    }
    return answer;
  };
}
