/**
 * Finer points for the part of the axis that somebody has zoomed in on.
 *
 * A long curve comes in buckets, which are fine enough for the whole of it. They stay around the
 * part in question, and in it until its points have come.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ISource } from './curves';
import type { Curve } from './wire';

/** Which curves, from which step to which. */
export interface ILook {
  keys: readonly string[];
  runs: readonly string[];
  first: number;
  last: number;
}

/** Curves that the server gives in one answer. */
const MOST = 400;
/** Somebody who zooms does it several times. */
const PAUSE_MS = 200;

export class Closeup implements IDisposable {
  constructor(
    private readonly _source: ISource,
    private readonly _sweep: string
  ) {}

  /** Emits when points have come. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why there are none; empty if there are, or none are wanted. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Look at another part; at the whole with null. */
  look(at: ILook | null): void {
    const state = JSON.stringify(at);
    if (state === this._state) {
      return;
    }
    this._state = state;
    this._problem = '';
    window.clearTimeout(this._timer);
    if (at === null) {
      this._parts.clear();
    } else {
      this._timer = window.setTimeout(() => void this._fetch(at, state), PAUSE_MS);
    }
  }

  /** A curve with the finer points in their place, as far as they are there. */
  of(curve: Curve): Curve {
    const part = this._parts.get(nameOf(curve));
    if (part === undefined || curve.high === null) {
      return curve;
    }
    let joined = this._joined.get(curve);
    if (joined?.part !== part) {
      joined = { part, curve: inserted(curve, part) };
      this._joined.set(curve, joined);
    }
    return joined.curve;
  }

  dispose(): void {
    this.look(null);
    this._disposed = true;
    Signal.clearData(this);
  }

  private async _fetch({ keys, runs, first, last }: ILook, state: string): Promise<void> {
    const size = Math.max(1, Math.floor(MOST / keys.length));
    const found = new Map<string, Curve>();
    try {
      for (let begin = 0; begin < runs.length; begin += size) {
        const some = runs.slice(begin, begin + size);
        const query = { keys, runs: some, first, last };
        const { curves } = await this._source.api.curves(this._sweep, query);
        curves.forEach(curve => found.set(nameOf(curve), curve));
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    // Somebody may look elsewhere by now.
    if (state === this._state && !this._disposed) {
      this._parts = found;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private readonly _joined = new WeakMap<Curve, { part: Curve; curve: Curve }>();
  private _parts = new Map<string, Curve>();
  private _problem = '';
  private _state = 'null';
  private _timer = 0;
}

function nameOf({ run, key }: Curve): string {
  return `${run} ${key}`;
}

/** A coarse curve with a finer part in the place of the buckets that begin within it. */
export function inserted(coarse: Curve, part: Curve): Curve {
  if (part.x.length === 0) {
    return coarse;
  }
  const [first, last] = [part.x[0], part.x[part.x.length - 1]];
  const before = coarse.x.findIndex(x => x >= first);
  const begin = before < 0 ? coarse.x.length : before;
  const after = coarse.x.findIndex(x => x > last);
  const end = after < 0 ? coarse.x.length : after;
  const put = <T>(whole: readonly T[], fine: readonly T[]) => [
    ...whole.slice(0, begin),
    ...fine,
    ...whole.slice(end)
  ];
  return {
    ...coarse,
    x: put(coarse.x, part.x),
    low: put(coarse.low, part.low),
    high: put(coarse.high ?? coarse.low, part.high ?? part.low)
  };
}
