/**
 * The lines of an output that are known at the moment: a few pages of however many there are.
 *
 * Parts arrive in any order, from the end that grows and from wherever somebody looks. Pure.
 */

import type { LogPage } from './wire';

/** Lines of a page, and so of one request. */
export const PAGE = 500;
/** Pages that are kept; those looked at longest ago go first. */
const KEPT = 40;

export class LogLines {
  /** How many lines there are. */
  get total(): number {
    return this._total;
  }

  get size(): number {
    return this._size;
  }

  /** A line, if it is known. */
  get(line: number): string | undefined {
    return this._pages.get(Math.floor(line / PAGE))?.[line % PAGE];
  }

  /** Take in lines from the growing end of the output: what they say of its length is the newest. */
  follow(page: LogPage): void {
    if (page.size < this._size) {
      this.clear();
    }
    this._outdate(page);
    this._total = page.total;
    this._size = page.size;
    this._put(page.first, page.lines);
  }

  /** Take in lines that were asked for; the output may have grown since they were read. */
  take(page: LogPage): void {
    if (page.size >= this._size) {
      this._outdate(page);
      this._total = Math.max(this._total, page.total);
      this._size = page.size;
      this._put(page.first, page.lines);
    } else {
      // The last line may have been without its end when this was read.
      const settled = Math.max(0, page.total - 1 - page.first);
      this._put(page.first, page.lines.slice(0, settled));
    }
  }

  /** The first page with lines from `first` to before `end` that are not known; null if all are. */
  missing(first: number, end: number): number | null {
    for (let line = Math.max(0, first); line < Math.min(end, this._total); line += 1) {
      if (this.get(line) === undefined) {
        return Math.floor(line / PAGE);
      }
    }
    return null;
  }

  /** Remember that somebody looks at these lines. */
  touch(first: number, end: number): void {
    for (let place = Math.floor(first / PAGE); place * PAGE < end; place += 1) {
      const page = this._pages.get(place);
      if (page !== undefined) {
        this._pages.delete(place);
        this._pages.set(place, page);
      }
    }
  }

  clear(): void {
    this._pages.clear();
    this._total = 0;
    this._size = 0;
  }

  /** The line that was the last one may have gone on since. */
  private _outdate(page: LogPage): void {
    const last = this._total - 1;
    if (page.size > this._size && last >= 0) {
      const lines = this._pages.get(Math.floor(last / PAGE));
      if (lines !== undefined) {
        lines[last % PAGE] = undefined;
      }
    }
  }

  private _put(first: number, lines: readonly string[]): void {
    lines.forEach((text, index) => {
      const place = Math.floor((first + index) / PAGE);
      let page = this._pages.get(place);
      if (page === undefined) {
        page = [];
        this._pages.set(place, page);
      }
      page[(first + index) % PAGE] = text;
    });
    for (const place of this._pages.keys()) {
      if (this._pages.size <= KEPT) {
        break;
      }
      this._pages.delete(place);
    }
  }

  private readonly _pages = new Map<number, (string | undefined)[]>();
  private _size = 0;
  private _total = 0;
}
