/**
 * The curves of a sweep's runs, as far as a view needs them.
 *
 * The curves of an ended run do not change unless it is resumed, so they are fetched once. The
 * curves of active runs are followed. Both are cached, so returning to them costs nothing.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { type ICurveSource, ZoomLoader } from './zoomLoader';
import type { Axis, Curve, Message, Stream } from '../api/schemas';

/** Which curves a view needs. */
export interface ICurveSelection {
  keys: readonly string[];
  runs: readonly { id: string; ended: boolean }[];
  axis: Axis;
  /** The steps that the user has zoomed in on; there, points have a finer resolution. */
  zoom?: readonly [number, number] | null;
}

/** Curves that the server returns in one response, and follows in one topic. */
const BATCH_SIZE = 100;
const MAX_CURVES = 400;
/** Curves that stay cached although no view needs them. */
const MAX_CACHED = 4000;

/** `curve` is null if the run did not log the key; `isComplete` if it will not grow. */
interface ICacheEntry {
  curve: Curve | null;
  isComplete: boolean;
}

export class CurvesModel implements IDisposable {
  constructor(
    private readonly _source: ICurveSource,
    private readonly _sweep: string,
    private readonly _stream: Stream = 'history'
  ) {
    this._zoomLoader = new ZoomLoader(_source, _sweep);
    this._zoomLoader.changed.connect(() => this._changed.emit());
  }

  /** Emits when curves have been added or have grown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why curves are missing; empty if none are, or the cause is unknown. */
  get problem(): string {
    return this._problem || this._zoomLoader.problem;
  }

  /** Whether some of the selected curves are still loading. */
  get isLoading(): boolean {
    return this._problem === '' && this._missingRuns().length > 0;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get(axis: Axis, run: string, key: string): Curve | null {
    const curve = this._cache.get(cacheKey(axis, run, key))?.curve ?? null;
    return curve !== null && axis === 'step' ? this._zoomLoader.refine(curve) : curve;
  }

  /** Select other curves; null selects none. */
  setSelection(selection: ICurveSelection | null): void {
    const state = JSON.stringify(selection);
    if (state !== this._selectionKey) {
      const { changed } = this._source.socket;
      if (selection === null) {
        changed.disconnect(this._onReconnect);
      } else {
        changed.connect(this._onReconnect);
      }
      this._selectionKey = state;
      this._selection = selection;
      this._problem = '';
      this._subscribe();
      void this._fetchMissing();
      this._updateZoom();
    }
  }

  /** Retry what has failed. */
  retry(): void {
    this._problem = '';
    this._topic?.dispose();
    this._subscribedKey = '';
    this._subscribe();
    void this._fetchMissing();
    this._changed.emit();
  }

  dispose(): void {
    this.setSelection(null);
    this._zoomLoader.dispose();
    this._disposed = true;
    Signal.clearData(this);
  }

  private readonly _onReconnect = (): void => {
    if (this._source.socket.lostAt === null && this._problem !== '') {
      this.retry();
    }
  };

  /** Ended runs with a missing curve. */
  private _missingRuns(): string[] {
    const { runs, keys, axis } = this._selection ?? NO_SELECTION;
    return runs
      .filter(({ id, ended }) => ended && !keys.every(key => this._isCached(axis, id, key)))
      .map(run => run.id);
  }

  private _isCached(axis: Axis, run: string, key: string): boolean {
    return this._cache.get(cacheKey(axis, run, key))?.isComplete === true;
  }

  private async _fetchMissing(): Promise<void> {
    if (this._isFetching) {
      return;
    }
    this._isFetching = true;
    try {
      for (let runIds = this._missingRuns(); runIds.length > 0; runIds = this._missingRuns()) {
        await this._fetch(runIds, this._selection ?? NO_SELECTION);
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
      this._changed.emit();
    }
    this._isFetching = false;
  }

  /** Fetch some of the missing curves. */
  private async _fetch(runIds: readonly string[], { keys, axis }: ICurveSelection): Promise<void> {
    const missingKeys = keys
      .filter(key => runIds.some(run => !this._isCached(axis, run, key)))
      .slice(0, BATCH_SIZE);
    const runs = runIds
      .filter(run => missingKeys.some(key => !this._isCached(axis, run, key)))
      .slice(0, Math.floor(BATCH_SIZE / missingKeys.length));
    const query = { stream: this._stream, keys: missingKeys, runs, axis };
    const { curves } = await this._source.api.curves(this._sweep, query);
    for (const run of runs) {
      for (const key of missingKeys) {
        this._cache.set(cacheKey(axis, run, key), { curve: null, isComplete: true });
      }
    }
    for (const curve of curves) {
      this._cache.set(cacheKey(axis, curve.run, curve.key), { curve, isComplete: true });
    }
    this._evict();
    this._updateZoom();
    this._changed.emit();
  }

  /** Subscribe to the curves of active runs. */
  private _subscribe(): void {
    const { keys, axis, runs } = this._selection ?? NO_SELECTION;
    const followed = keys.slice(0, MAX_CURVES);
    const activeRuns = runs
      .filter(run => !run.ended)
      .map(run => run.id)
      .slice(0, Math.floor(MAX_CURVES / Math.max(1, followed.length)));
    const state = JSON.stringify([followed, axis, activeRuns]);
    if (state === this._subscribedKey) {
      return;
    }
    for (const run of activeRuns) {
      for (const key of followed) {
        // An ended run may have been resumed.
        const entry = this._cache.get(cacheKey(axis, run, key));
        if (entry?.isComplete) {
          entry.isComplete = false;
        }
      }
    }
    this._subscribedKey = state;
    this._topic?.dispose();
    this._topic = null;
    if (activeRuns.length > 0 && followed.length > 0) {
      this._topic = this._source.socket.open(
        () => ({
          topic: 'curves',
          sweep: this._sweep,
          stream: this._stream,
          keys: [...followed],
          runs: activeRuns,
          axis
        }),
        message => this._onMessage(message, axis)
      );
    }
  }

  private _onMessage(message: Message, axis: Axis): void {
    if (message.kind === 'problem') {
      this._problem = message.message;
    } else if (message.kind === 'curves') {
      for (const patch of message.curves) {
        const name = cacheKey(axis, patch.run, patch.key);
        const previous = this._cache.get(name);
        if (previous?.isComplete) {
          continue;
        }
        const curve = applyPatch(previous?.curve ?? null, patch);
        if (curve === null) {
          // A part is missing in between; reopening the topic fetches it.
          this.retry();
          return;
        }
        this._cache.set(name, { curve, isComplete: false });
      }
      this._problem = '';
      this._updateZoom();
    }
    this._changed.emit();
  }

  /** Load finer points for coarse curves in the zoomed range. */
  private _updateZoom(): void {
    const { keys, runs, axis, zoom = null } = this._selection ?? NO_SELECTION;
    if (zoom === null || axis !== 'step' || this._stream !== 'history') {
      this._zoomLoader.setViewport(null);
      return;
    }
    const isCoarse = (run: string, key: string) =>
      (this._cache.get(cacheKey(axis, run, key))?.curve?.high ?? null) !== null;
    const coarse = runs.map(run => run.id).filter(run => keys.some(key => isCoarse(run, key)));
    const [first, last] = [Math.max(0, Math.floor(zoom[0])), Math.max(0, Math.ceil(zoom[1]))];
    this._zoomLoader.setViewport(coarse.length === 0 ? null : { keys, runs: coarse, first, last });
  }

  /** Evict the least recently used curves if there are too many. */
  private _evict(): void {
    if (this._cache.size > MAX_CACHED) {
      const { runs, keys, axis } = this._selection ?? NO_SELECTION;
      const selectedKeys = new Set(
        runs.flatMap(run => keys.map(key => cacheKey(axis, run.id, key)))
      );
      for (const name of this._cache.keys()) {
        if (this._cache.size <= MAX_CACHED / 2) {
          break;
        }
        if (!selectedKeys.has(name)) {
          this._cache.delete(name);
        }
      }
    }
  }

  private readonly _zoomLoader: ZoomLoader;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _cache = new Map<string, ICacheEntry>();
  private _disposed = false;
  private _isFetching = false;
  private _subscribedKey = '';
  private _problem = '';
  private _selectionKey = '';
  private _topic: IDisposable | null = null;
  private _selection: ICurveSelection | null = null;
}

const NO_SELECTION: ICurveSelection = { keys: [], runs: [], axis: 'step' };

function cacheKey(axis: Axis, run: string, key: string): string {
  return `${axis} ${run} ${key}`;
}

/** A curve with everything from `start` on replaced by a patch; null if the two do not connect. */
export function applyPatch(previous: Curve | null, patch: Curve): Curve | null {
  const { start } = patch;
  if (start === 0) {
    return patch;
  }
  if (previous === null || previous.x.length < start) {
    return null;
  }
  return {
    ...patch,
    start: 0,
    x: [...previous.x.slice(0, start), ...patch.x],
    low: [...previous.low.slice(0, start), ...patch.low],
    high: patch.high && [...(previous.high ?? previous.low).slice(0, start), ...patch.high]
  };
}
