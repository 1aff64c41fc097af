/**
 * The output of one run: its end is followed while a view is open, the rest is fetched on demand.
 *
 * Lines are stored as the run wrote them; this model does not know how they look.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { LogBuffer, PAGE_LINES } from './logBuffer';
import { LogSearch } from './logSearch';
import type { ISweepHost } from './sweepHost';
import type { Message } from '../api/schemas';

/** The scroll position: the topmost line, and the share of its height that is above the edge. */
export interface IScrollPosition {
  line: number;
  fraction: number;
}

/** Lines that stay visible above a search match. */
const ABOVE = 5;

export class LogModel implements IDisposable {
  constructor(
    private readonly _host: ISweepHost,
    private readonly _sweep: string,
    private readonly _run: string
  ) {
    this.search = new LogSearch((text, first, limit) =>
      _host.api.logMatches(_sweep, _run, text, first, limit)
    );
    this.search.matchChanged.connect((_, line) =>
      this.scrollTo({ line: Math.max(0, line - ABOVE), fraction: 0 })
    );
  }

  readonly buffer = new LogBuffer();
  readonly search: LogSearch;

  /** Whether the view follows the end, and otherwise its line: restored when the view reopens. */
  position: { following: boolean; line: number } = { following: true, line: 0 };

  /** Emits when lines have been loaded. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when the scroll position changes. */
  get scrolled(): ISignal<this, void> {
    return this._scrolled;
  }

  /** The scroll position; null at the end, which is followed. */
  get scrollPosition(): IScrollPosition | null {
    return this._scrollPosition;
  }

  /** Lines added since the user scrolled away from the end. */
  get unseenCount(): number {
    return this._scrollPosition === null ? 0 : Math.max(0, this.total - this._totalWhenLeft);
  }

  /** The number of lines. */
  get total(): number {
    return this.buffer.total;
  }

  get size(): number {
    return this.buffer.size;
  }

  /** Whether any of the output has been loaded. */
  get isReady(): boolean {
    return this._isReady;
  }

  /** Whether the output is complete. */
  get isEnded(): boolean {
    return this._isEnded;
  }

  /** Why lines are missing; empty if none are, or the cause is unknown. */
  get problem(): string {
    return this._problem;
  }

  /** The URL of the whole output. */
  get url(): string {
    return this._host.api.logUrl(this._sweep, this._run);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** A line as it was printed, if it is loaded. */
  line(number: number): string | undefined {
    return this.buffer.get(number);
  }

  /** Scroll to a position; null scrolls to the end and follows it. */
  scrollTo(position: IScrollPosition | null): void {
    if (this._scrollPosition === null) {
      this._totalWhenLeft = this.total;
    }
    this._scrollPosition = position;
    this._scrolled.emit();
  }

  /** Load the lines from `first` to `end` (exclusive) if they are missing. */
  ensureLoaded(first: number, end: number): void {
    this._visibleRange = [first, end];
    this.buffer.touch(first, end);
    void this._loadMissing();
  }

  /** Follow the end until the result is disposed. */
  follow(): IDisposable {
    return this._host.socket.open(
      () => ({ topic: 'log', sweep: this._sweep, run: this._run }),
      this._onMessage
    );
  }

  /** Retry what has failed. */
  retry(): void {
    this._problem = '';
    this._changed.emit();
    void this._loadMissing();
  }

  dispose(): void {
    this._disposed = true;
    this.search.dispose();
    Signal.clearData(this);
  }

  private readonly _onMessage = (message: Message): void => {
    if (message.kind === 'log') {
      const hasGrown = message.page.size !== this.buffer.size;
      this.buffer.appendTail(message.page);
      this._isReady = true;
      this._isEnded = message.page.ended;
      this._problem = '';
      if (hasGrown) {
        this.search.onLogGrown(this.buffer.total);
      }
    } else if (message.kind === 'problem') {
      this._problem = message.message;
    }
    this._changed.emit();
  };

  /** Fetch the requested missing lines, page by page. */
  private async _loadMissing(): Promise<void> {
    if (this._isLoading || this._problem !== '') {
      return;
    }
    this._isLoading = true;
    try {
      for (
        let pageIndex = this._firstMissingPage();
        pageIndex !== null;
        pageIndex = this._firstMissingPage()
      ) {
        const { api } = this._host;
        const page = await api.log(this._sweep, this._run, pageIndex * PAGE_LINES, PAGE_LINES);
        if (this._disposed) {
          break;
        }
        this.buffer.insert(page);
        this._changed.emit();
        if (pageIndex === this._firstMissingPage()) {
          // The output is shorter than reported; the topic will send its length.
          break;
        }
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
      this._changed.emit();
    }
    this._isLoading = false;
  }

  private _firstMissingPage(): number | null {
    return this.buffer.firstMissingPage(...this._visibleRange);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private _isEnded = false;
  private _isLoading = false;
  private _totalWhenLeft = 0;
  private readonly _scrolled = new Signal<this, void>(this);
  private _scrollPosition: IScrollPosition | null = null;
  private _problem = '';
  private _isReady = false;
  private _visibleRange: readonly [number, number] = [0, 0];
}
