/**
 * The current time, second by second, for views that show ages and durations.
 *
 * There is one timer for the whole page; it stops while there are no listeners or the page is
 * hidden.
 */

const TICK_MS = 1000;

class Clock {
  /** Seconds since the epoch; changes only when listeners are notified. */
  get now(): number {
    return this._now;
  }

  /** Call the listener every second; returns the function that unsubscribes. */
  readonly subscribe = (slot: () => void): (() => void) => {
    if (this._listeners.size === 0) {
      this._now = Date.now() / 1000;
      document.addEventListener('visibilitychange', this._tick);
      this._schedule();
    }
    this._listeners.add(slot);
    return () => {
      this._listeners.delete(slot);
      if (this._listeners.size === 0) {
        document.removeEventListener('visibilitychange', this._tick);
        window.clearTimeout(this._timer);
      }
    };
  };

  private readonly _tick = (): void => {
    window.clearTimeout(this._timer);
    if (!document.hidden) {
      this._now = Date.now() / 1000;
      this._listeners.forEach(slot => slot());
      this._schedule();
    }
  };

  private _schedule(): void {
    this._timer = window.setTimeout(this._tick, TICK_MS);
  }

  private _now = Date.now() / 1000;
  private readonly _listeners = new Set<() => void>();
  private _timer = 0;
}

export const clock = new Clock();
