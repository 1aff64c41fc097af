/**
 * Finer points for the zoomed part of an axis.
 *
 * A long curve is loaded as buckets, which are fine enough for all of it. The buckets stay outside
 * of the zoomed part, and inside it until its points have been loaded.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { RestAPI } from '../api/restapi';
import type { Socket } from '../api/socket';
import type { Curve } from '../api/schemas';

/** The source of curves; implemented by `SweepsModel`. */
export interface ICurveSource {
  api: Pick<RestAPI, 'curves'>;
  socket: Pick<Socket, 'open' | 'lostAt'> & { readonly changed: ISignal<unknown, void> };
}

/** Which curves, and the range of steps. */
export interface IViewport {
  keys: readonly string[];
  runs: readonly string[];
  first: number;
  last: number;
}

/** Curves that the server returns in one response. */
const MAX_CURVES = 400;
/** Users usually zoom several times in a row. */
const PAUSE_MS = 200;

export class ZoomLoader implements IDisposable {
  constructor(
    private readonly _source: ICurveSource,
    private readonly _sweep: string
  ) {}

  /** Emits when points have been loaded. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why points are missing; empty if they are loaded, or not needed. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Set the visible part; null means the whole axis. */
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

  /** Insert the finer points into a curve, as far as they are loaded. */
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
    // The user may have moved elsewhere in the meantime.
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

/** A coarse curve with the buckets that begin within a detailed part replaced by that part. */
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
