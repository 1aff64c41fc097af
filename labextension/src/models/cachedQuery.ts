/**
 * A cached answer of the server that is expensive to compute.
 *
 * It is fetched while a view needs it, and again when results have changed, but at most once every
 * few seconds. The previous answer stays until there is a newer one.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

export class CachedQuery<T> implements IDisposable {
  constructor(
    private readonly _query: () => Promise<T>,
    private readonly _pauseMs: number
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The newest answer; null before the first one. */
  get value(): T | null {
    return this._value;
  }

  /** Why there is no newer answer; empty if there is no error, or its cause is unknown. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /**
   * Make sure that the answer is for this state of the results; delayed if one was just fetched.
   */
  ensureFresh(key: unknown): void {
    this._wantedKey = key;
    this._isPaused = false;
    if (!this._isFetching && !Object.is(this._fetchedKey, key) && this._timer === 0) {
      const wait = this._fetchedAt + this._pauseMs - performance.now();
      this._timer = window.setTimeout(() => void this._fetch(), Math.max(0, wait));
    }
  }

  /** Stop fetching, because no view needs the answer. */
  pause(): void {
    this._isPaused = true;
    window.clearTimeout(this._timer);
    this._timer = 0;
  }

  /** Fetch again if the last request failed. */
  readonly retry = (): void => {
    if (this._problem !== '') {
      this.refresh();
    }
  };

  /** Fetch immediately. */
  refresh(): void {
    this.pause();
    this._isPaused = false;
    if (!this._isFetching) {
      void this._fetch();
    }
  }

  dispose(): void {
    this._disposed = true;
    this.pause();
    Signal.clearData(this);
  }

  private async _fetch(): Promise<void> {
    this._timer = 0;
    this._isFetching = true;
    this._fetchedAt = performance.now();
    const key = this._wantedKey;
    try {
      this._value = await this._query();
      this._problem = '';
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    this._fetchedKey = key;
    this._isFetching = false;
    if (!this._disposed) {
      this._changed.emit();
      if (!this._isPaused) {
        this.ensureFresh(this._wantedKey);
      }
    }
  }

  private _fetchedAt = -Infinity;
  private _isFetching = false;
  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private _isPaused = true;
  private _problem = '';
  private _fetchedKey: unknown = NEVER;
  private _timer = 0;
  private _value: T | null = null;
  private _wantedKey: unknown = NEVER;
}

const NEVER = Symbol('nothing has been asked for yet');
