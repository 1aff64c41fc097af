/**
 * The lines of an output that contain a text; the server searches.
 *
 * The output may grow while the user steps through matches: previous results stay, and only new
 * lines are searched.
 */

import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { LogMatches } from '../api/schemas';

/** Matches per request. */
const BATCH = 10_000;
const GROWTH_MS = 1000;

type SearchFunction = (text: string, first: number, limit: number) => Promise<LogMatches>;

export class LogSearch implements IDisposable {
  constructor(private readonly _search: SearchFunction) {}

  /** Emits when matches have been added, or the current match has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits the number of the line that has become the current match. */
  get matchChanged(): ISignal<this, number> {
    return this._matchChanged;
  }

  get text(): string {
    return this._text;
  }

  /** Line numbers of the matches so far, in order. */
  get lines(): readonly number[] {
    return this._lines;
  }

  /** Whether there are more matches than those loaded. */
  get hasMore(): boolean {
    return this._hasMore;
  }

  /** Whether a search is in progress. */
  get isSearching(): boolean {
    return this._isSearching;
  }

  /** The index of the current match, from 0; -1 if there is none. */
  get matchIndex(): number {
    return this._matchIndex;
  }

  /** The line number of the current match; null if there is none. */
  get currentLine(): number | null {
    return this._lines[this._matchIndex] ?? null;
  }

  /** Why the search failed; empty if it did not. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Search for a text; the current match is the first one at or below a line, or else the last. */
  async find(text: string, startLine: number): Promise<void> {
    if (text === this._text) {
      return;
    }
    this._text = text;
    this._lines = [];
    this._matchIndex = -1;
    this._hasMore = text !== '';
    this._next = 0;
    this._isSearching = false;
    this._problem = '';
    this._changed.emit();
    do {
      await this._load();
    } while (text === this._text && this._hasMore && (this._lines.at(-1) ?? Infinity) < startLine);
    if (text === this._text && this._lines.length > 0) {
      const nextMatch = this._lines.findIndex(line => line >= startLine);
      this._goTo(nextMatch < 0 ? this._lines.length - 1 : nextMatch);
    }
  }

  /** Go to the next match, or with -1 to the previous one; wraps around. */
  async step(by: 1 | -1): Promise<void> {
    const { _text: text } = this;
    if (by === 1 && this._matchIndex === this._lines.length - 1 && this._hasMore) {
      await this._load();
    }
    const count = this._lines.length;
    if (text === this._text && count > 0) {
      this._goTo((this._matchIndex + by + count) % count);
    }
  }

  /** Called when the output has grown to this many lines. */
  onLogGrown(total: number): void {
    this._total = total;
    if (this._text !== '' && !this._hasMore) {
      this._growthThrottler.invoke().catch(() => undefined);
    }
  }

  dispose(): void {
    this._disposed = true;
    this._growthThrottler.dispose();
    Signal.clearData(this);
  }

  private _goTo(index: number): void {
    this._matchIndex = index;
    this._changed.emit();
    this._matchChanged.emit(this._lines[index]);
  }

  /** Search the lines that have not been searched. */
  private async _load(): Promise<void> {
    const text = this._text;
    if (text === '') {
      return;
    }
    this._isSearching = true;
    this._changed.emit();
    const [first, total] = [this._next, this._total];
    try {
      const { lines, more } = await this._search(text, first, BATCH);
      if (text === this._text) {
        this._lines = [...this._lines.filter(line => line < first), ...lines];
        this._hasMore = more;
        // The last line may still grow, so it is searched again.
        this._next = more ? (lines.at(-1) ?? first) + 1 : Math.max(0, total - 1);
        this._problem = '';
      }
    } catch (error) {
      if (text === this._text) {
        this._hasMore = false;
        this._problem = error instanceof Error ? error.message : String(error);
      }
    }
    if (text === this._text && !this._disposed) {
      this._isSearching = false;
      this._changed.emit();
    }
  }

  private _isSearching = false;
  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private readonly _matchChanged = new Signal<this, number>(this);
  private readonly _growthThrottler = new Throttler(() => this._load(), { limit: GROWTH_MS });
  private _lines: readonly number[] = [];
  private _hasMore = false;
  private _next = 0;
  private _matchIndex = -1;
  private _problem = '';
  private _text = '';
  private _total = 0;
}
