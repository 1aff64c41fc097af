/**
 * An answer of the server that costs something to give.
 *
 * It is asked for while somebody looks, and again when results have changed since, but not more
 * often than every few seconds. What was there stays until there is something newer.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

export class Fetched<T> implements IDisposable {
  constructor(
    private readonly _ask: () => Promise<T>,
    private readonly _pauseMs: number
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The newest answer; null before the first one. */
  get value(): T | null {
    return this._value;
  }

  /** Why there is no newer answer; empty if that is not known. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** See that the answer is one for this state of the results; soon, if it was asked for just now. */
  keep(state: unknown): void {
    this._wanted = state;
    this._idle = false;
    if (!this._asking && !Object.is(this._state, state) && this._timer === 0) {
      const wait = this._asked + this._pauseMs - performance.now();
      this._timer = window.setTimeout(() => void this._fetch(), Math.max(0, wait));
    }
  }

  /** Nobody looks any more. */
  pause(): void {
    this._idle = true;
    window.clearTimeout(this._timer);
    this._timer = 0;
  }

  /** Ask again, if the last answer was none. */
  readonly retry = (): void => {
    if (this._problem !== '') {
      this.refresh();
    }
  };

  /** Ask at once. */
  refresh(): void {
    this.pause();
    this._idle = false;
    if (!this._asking) {
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
    this._asking = true;
    this._asked = performance.now();
    const state = this._wanted;
    try {
      this._value = await this._ask();
      this._problem = '';
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    this._state = state;
    this._asking = false;
    if (!this._disposed) {
      this._changed.emit();
      if (!this._idle) {
        this.keep(this._wanted);
      }
    }
  }

  private _asked = -Infinity;
  private _asking = false;
  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private _idle = true;
  private _problem = '';
  private _state: unknown = NOTHING;
  private _timer = 0;
  private _value: T | null = null;
  private _wanted: unknown = NOTHING;
}

const NOTHING = Symbol('nothing has been asked for yet');
