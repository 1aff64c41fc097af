/**
 * The loaded lines of an output: a few pages, however long it is.
 *
 * Pages arrive in any order, from the growing end and from wherever the user scrolls. Pure.
 */

import type { LogPage } from '../api/schemas';

/** Lines in a page, and so in one request. */
export const PAGE_LINES = 500;
/** Pages that are kept; the least recently used are evicted first. */
const MAX_PAGES = 40;

export class LogBuffer {
  /** The number of lines. */
  get total(): number {
    return this._total;
  }

  get size(): number {
    return this._size;
  }

  /** A line, if it is loaded. */
  get(line: number): string | undefined {
    return this._pages.get(Math.floor(line / PAGE_LINES))?.[line % PAGE_LINES];
  }

  /** Add lines from the growing end of the output; their total is the most recent. */
  appendTail(page: LogPage): void {
    if (page.size < this._size) {
      this.clear();
    }
    this._invalidateLastLine(page);
    this._total = page.total;
    this._size = page.size;
    this._store(page.first, page.lines);
  }

  /** Add requested lines; the output may have grown since they were read. */
  insert(page: LogPage): void {
    if (page.size >= this._size) {
      this._invalidateLastLine(page);
      this._total = Math.max(this._total, page.total);
      this._size = page.size;
      this._store(page.first, page.lines);
    } else {
      // The last line may have been incomplete when this was read.
      const completeCount = Math.max(0, page.total - 1 - page.first);
      this._store(page.first, page.lines.slice(0, completeCount));
    }
  }

  /**
   * The first page that contains missing lines between `first` and `end` (exclusive); null if all
   * are loaded.
   */
  firstMissingPage(first: number, end: number): number | null {
    for (let line = Math.max(0, first); line < Math.min(end, this._total); line += 1) {
      if (this.get(line) === undefined) {
        return Math.floor(line / PAGE_LINES);
      }
    }
    return null;
  }

  /** Mark these lines as recently used. */
  touch(first: number, end: number): void {
    for (
      let pageIndex = Math.floor(first / PAGE_LINES);
      pageIndex * PAGE_LINES < end;
      pageIndex += 1
    ) {
      const page = this._pages.get(pageIndex);
      if (page !== undefined) {
        this._pages.delete(pageIndex);
        this._pages.set(pageIndex, page);
      }
    }
  }

  clear(): void {
    this._pages.clear();
    this._total = 0;
    this._size = 0;
  }

  /** The line that was the last one may have grown since. */
  private _invalidateLastLine(page: LogPage): void {
    const last = this._total - 1;
    if (page.size > this._size && last >= 0) {
      const lines = this._pages.get(Math.floor(last / PAGE_LINES));
      if (lines !== undefined) {
        lines[last % PAGE_LINES] = undefined;
      }
    }
  }

  private _store(first: number, lines: readonly string[]): void {
    lines.forEach((text, index) => {
      const pageIndex = Math.floor((first + index) / PAGE_LINES);
      let page = this._pages.get(pageIndex);
      if (page === undefined) {
        page = [];
        this._pages.set(pageIndex, page);
      }
      page[(first + index) % PAGE_LINES] = text;
    });
    for (const pageIndex of this._pages.keys()) {
      if (this._pages.size <= MAX_PAGES) {
        break;
      }
      this._pages.delete(pageIndex);
    }
  }

  private readonly _pages = new Map<number, (string | undefined)[]>();
  private _size = 0;
  private _total = 0;
}
