/**
 * The lines of an output in which a text occurs, found by the server.
 *
 * The output may grow while one goes from match to match: what has been looked through stays, and
 * only the rest is looked through again.
 */

import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { LogMatches } from '../api/schemas';

/** Matches that are asked for at once. */
const BATCH = 10_000;
const GROWTH_MS = 1000;

type SearchFunction = (text: string, first: number, limit: number) => Promise<LogMatches>;

export class LogSearch implements IDisposable {
  constructor(private readonly _search: SearchFunction) {}

  /** Emits when matches have come, or another one is the current one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits the number of the line that has become the current one. */
  get matchChanged(): ISignal<this, number> {
    return this._matchChanged;
  }

  get text(): string {
    return this._text;
  }

  /** Numbers of the lines found so far, in order. */
  get lines(): readonly number[] {
    return this._lines;
  }

  /** Whether there are more than those found so far. */
  get hasMore(): boolean {
    return this._hasMore;
  }

  /** Whether the server still looks. */
  get isSearching(): boolean {
    return this._isSearching;
  }

  /** Which of the lines found is the current one, from 0; -1 if none is. */
  get matchIndex(): number {
    return this._matchIndex;
  }

  /** The number of the current line; null if there is none. */
  get currentLine(): number | null {
    return this._lines[this._matchIndex] ?? null;
  }

  /** Why there is no answer; empty if there is one. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Look for a text; the current match is the first one at or below a line, or else the last. */
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

  /** Go to the next match, or with -1 to the one before; from the last one to the first. */
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

  /** The output has grown to so many lines. */
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

  /** Look through what has not been looked through. */
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
        // The last line may go on: it will be looked at once more.
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
