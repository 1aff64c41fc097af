/**
 * Finer points for the part of the axis that somebody has zoomed in on.
 *
 * A long curve comes in buckets, which are fine enough for the whole of it. They stay around the
 * part in question, and in it until its points have come.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RestAPI } from '../api/restapi';
import type { Socket } from '../api/socket';
import type { Curve } from '../api/schemas';

/** Where curves come from; a `SweepsModel` is one. */
export interface ICurveSource {
  api: Pick<RestAPI, 'curves'>;
  socket: Pick<Socket, 'open' | 'lostAt'> & { readonly changed: ISignal<unknown, void> };
}

/** Which curves, from which step to which. */
export interface IViewport {
  keys: readonly string[];
  runs: readonly string[];
  first: number;
  last: number;
}

/** Curves that the server gives in one answer. */
const MAX_CURVES = 400;
/** Somebody who zooms does it several times. */
const PAUSE_MS = 200;

export class ZoomLoader implements IDisposable {
  constructor(
    private readonly _source: ICurveSource,
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
  setViewport(viewport: IViewport | null): void {
    const state = JSON.stringify(viewport);
    if (state === this._viewportKey) {
      return;
    }
    this._viewportKey = state;
    this._problem = '';
    window.clearTimeout(this._timer);
    if (viewport === null) {
      this._details.clear();
    } else {
      this._timer = window.setTimeout(() => void this._fetch(viewport, state), PAUSE_MS);
    }
  }

  /** A curve with the finer points in their place, as far as they are there. */
  refine(curve: Curve): Curve {
    const detail = this._details.get(curveKey(curve));
    if (detail === undefined || curve.high === null) {
      return curve;
    }
    let merged = this._merged.get(curve);
    if (merged?.part !== detail) {
      merged = { part: detail, curve: mergeRange(curve, detail) };
      this._merged.set(curve, merged);
    }
    return merged.curve;
  }

  dispose(): void {
    this.setViewport(null);
    this._disposed = true;
    Signal.clearData(this);
  }

  private async _fetch({ keys, runs, first, last }: IViewport, state: string): Promise<void> {
    const size = Math.max(1, Math.floor(MAX_CURVES / keys.length));
    const details = new Map<string, Curve>();
    try {
      for (let offset = 0; offset < runs.length; offset += size) {
        const batch = runs.slice(offset, offset + size);
        const query = { keys, runs: batch, first, last };
        const { curves } = await this._source.api.curves(this._sweep, query);
        curves.forEach(curve => details.set(curveKey(curve), curve));
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    // Somebody may look elsewhere by now.
    if (state === this._viewportKey && !this._disposed) {
      this._details = details;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private readonly _merged = new WeakMap<Curve, { part: Curve; curve: Curve }>();
  private _details = new Map<string, Curve>();
  private _problem = '';
  private _viewportKey = 'null';
  private _timer = 0;
}

function curveKey({ run, key }: Curve): string {
  return `${run} ${key}`;
}

/** A coarse curve with a finer part in the place of the buckets that begin within it. */
export function mergeRange(coarse: Curve, detail: Curve): Curve {
  if (detail.x.length === 0) {
    return coarse;
  }
  const [first, last] = [detail.x[0], detail.x[detail.x.length - 1]];
  const firstIndex = coarse.x.findIndex(x => x >= first);
  const begin = firstIndex < 0 ? coarse.x.length : firstIndex;
  const endIndex = coarse.x.findIndex(x => x > last);
  const end = endIndex < 0 ? coarse.x.length : endIndex;
  const splice = <T>(coarseValues: readonly T[], fineValues: readonly T[]) => [
    ...coarseValues.slice(0, begin),
    ...fineValues,
    ...coarseValues.slice(end)
  ];
  return {
    ...coarse,
    x: splice(coarse.x, detail.x),
    low: splice(coarse.low, detail.low),
    high: splice(coarse.high ?? coarse.low, detail.high ?? detail.low)
  };
}
