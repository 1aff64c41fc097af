/**
 * The output of one run: its end comes by itself while somebody looks, the rest when it is wanted.
 *
 * Lines are kept as the run wrote them: how they look is not known here.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { LogBuffer, PAGE_LINES } from './logBuffer';
import { LogSearch } from './logSearch';
import type { ISweepHost } from './sweepHost';
import type { Message } from '../api/schemas';

/** What stands at the upper edge: a line, and which part of its height is above the edge. */
export interface IScrollPosition {
  line: number;
  fraction: number;
}

/** Lines that are left above one that was looked for. */
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

  /** Whether the view stays at the end, and otherwise where it was: what a view comes back to. */
  position: { following: boolean; line: number } = { following: true, line: 0 };

  /** Emits when lines have come. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when another part is looked at. */
  get scrolled(): ISignal<this, void> {
    return this._scrolled;
  }

  /** Where somebody looks; null at the end, which is followed. */
  get scrollPosition(): IScrollPosition | null {
    return this._scrollPosition;
  }

  /** How many lines have come since the end was left. */
  get unseenCount(): number {
    return this._scrollPosition === null ? 0 : Math.max(0, this.total - this._totalWhenLeft);
  }

  /** How many lines there are. */
  get total(): number {
    return this.buffer.total;
  }

  get size(): number {
    return this.buffer.size;
  }

  /** Whether anything is known of the output yet. */
  get isReady(): boolean {
    return this._isReady;
  }

  /** Whether nothing more will come. */
  get isEnded(): boolean {
    return this._isEnded;
  }

  /** Why lines are missing; empty if none is, or not for a known reason. */
  get problem(): string {
    return this._problem;
  }

  /** The address of the whole output. */
  get url(): string {
    return this._host.api.logUrl(this._sweep, this._run);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** A line as it was printed, if it is known. */
  line(number: number): string | undefined {
    return this.buffer.get(number);
  }

  /** Look somewhere else; at the end, and follow it, with null. */
  scrollTo(position: IScrollPosition | null): void {
    if (this._scrollPosition === null) {
      this._totalWhenLeft = this.total;
    }
    this._scrollPosition = position;
    this._scrolled.emit();
  }

  /** See that the lines from `first` to before `end` are there, or come. */
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

  /** Try again what has failed. */
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

  /** Fetch what is wanted and missing, page by page. */
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
          // The output is shorter than was said; the topic will say how long it is.
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
