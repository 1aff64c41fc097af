/**
 * The curves of a sweep's runs, as far as somebody looks at them.
 *
 * What an ended run logged does not change unless it is resumed: it is fetched once. What living
 * runs log is followed. Both are kept in one place, so that a look back costs nothing.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { Closeup } from './closeup';
import type { RestAPI } from './restapi';
import type { Socket } from './socket';
import type { Axis, Curve, Message, Stream } from './wire';

/** Where curves come from; a `Model` is one. */
export interface ISource {
  api: Pick<RestAPI, 'curves'>;
  socket: Pick<Socket, 'open' | 'lostAt'> & { readonly changed: ISignal<unknown, void> };
}

/** Which curves are looked at. */
export interface IWanted {
  keys: readonly string[];
  runs: readonly { id: string; ended: boolean }[];
  axis: Axis;
  /** From which step to which somebody has zoomed in: there, points are finer. */
  part?: readonly [number, number] | null;
}

/** Curves that the server gives in one answer, and follows in one topic. */
const BATCH = 100;
const MOST = 400;
/** Curves that are kept although nobody looks at them. */
const KEPT = 4000;

/** `curve` is null where the run did not log the key; `whole` if nothing will follow. */
interface IKept {
  curve: Curve | null;
  whole: boolean;
}

export class CurvesModel implements IDisposable {
  constructor(
    private readonly _source: ISource,
    private readonly _sweep: string,
    private readonly _stream: Stream = 'history'
  ) {
    this._closeup = new Closeup(_source, _sweep);
    this._closeup.changed.connect(() => this._changed.emit());
  }

  /** Emits when curves have come or grown. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Why curves are missing; empty if none is, or not for a known reason. */
  get problem(): string {
    return this._problem || this._closeup.problem;
  }

  /** Whether some of the curves that are looked at are on their way. */
  get loading(): boolean {
    return this._problem === '' && this._missing().length > 0;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get(axis: Axis, run: string, key: string): Curve | null {
    const curve = this._curves.get(nameOf(axis, run, key))?.curve ?? null;
    return curve !== null && axis === 'step' ? this._closeup.of(curve) : curve;
  }

  /** Look at other curves than before; at none with null. */
  want(wanted: IWanted | null): void {
    const state = JSON.stringify(wanted);
    if (state !== this._state) {
      const { changed } = this._source.socket;
      if (wanted === null) {
        changed.disconnect(this._reconnected);
      } else {
        changed.connect(this._reconnected);
      }
      this._state = state;
      this._wanted = wanted;
      this._problem = '';
      this._follow();
      void this._fill();
      this._lookCloser();
    }
  }

  /** Try again what has failed. */
  retry(): void {
    this._problem = '';
    this._topic?.dispose();
    this._followed = '';
    this._follow();
    void this._fill();
    this._changed.emit();
  }

  dispose(): void {
    this.want(null);
    this._closeup.dispose();
    this._disposed = true;
    Signal.clearData(this);
  }

  private readonly _reconnected = (): void => {
    if (this._source.socket.lostAt === null && this._problem !== '') {
      this.retry();
    }
  };

  /** Ended runs of which a curve is not there. */
  private _missing(): string[] {
    const { runs, keys, axis } = this._wanted ?? NOTHING;
    return runs
      .filter(({ id, ended }) => ended && !keys.every(key => this._isWhole(axis, id, key)))
      .map(run => run.id);
  }

  private _isWhole(axis: Axis, run: string, key: string): boolean {
    return this._curves.get(nameOf(axis, run, key))?.whole === true;
  }

  private async _fill(): Promise<void> {
    if (this._filling) {
      return;
    }
    this._filling = true;
    try {
      for (let missing = this._missing(); missing.length > 0; missing = this._missing()) {
        await this._fetch(missing, this._wanted ?? NOTHING);
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
      this._changed.emit();
    }
    this._filling = false;
  }

  /** Fetch a part of what is missing. */
  private async _fetch(missing: readonly string[], { keys, axis }: IWanted): Promise<void> {
    const lacking = keys
      .filter(key => missing.some(run => !this._isWhole(axis, run, key)))
      .slice(0, BATCH);
    const runs = missing
      .filter(run => lacking.some(key => !this._isWhole(axis, run, key)))
      .slice(0, Math.floor(BATCH / lacking.length));
    const query = { stream: this._stream, keys: lacking, runs, axis };
    const { curves } = await this._source.api.curves(this._sweep, query);
    for (const run of runs) {
      for (const key of lacking) {
        this._curves.set(nameOf(axis, run, key), { curve: null, whole: true });
      }
    }
    for (const curve of curves) {
      this._curves.set(nameOf(axis, curve.run, curve.key), { curve, whole: true });
    }
    this._forget();
    this._lookCloser();
    this._changed.emit();
  }

  /** Have what living runs log sent. */
  private _follow(): void {
    const { keys, axis, runs } = this._wanted ?? NOTHING;
    const followed = keys.slice(0, MOST);
    const living = runs
      .filter(run => !run.ended)
      .map(run => run.id)
      .slice(0, Math.floor(MOST / Math.max(1, followed.length)));
    const state = JSON.stringify([followed, axis, living]);
    if (state === this._followed) {
      return;
    }
    for (const run of living) {
      for (const key of followed) {
        // One that had ended may have been resumed.
        const kept = this._curves.get(nameOf(axis, run, key));
        if (kept?.whole) {
          kept.whole = false;
        }
      }
    }
    this._followed = state;
    this._topic?.dispose();
    this._topic = null;
    if (living.length > 0 && followed.length > 0) {
      this._topic = this._source.socket.open(
        () => ({
          topic: 'curves',
          sweep: this._sweep,
          stream: this._stream,
          keys: [...followed],
          runs: living,
          axis
        }),
        message => this._receive(message, axis)
      );
    }
  }

  private _receive(message: Message, axis: Axis): void {
    if (message.kind === 'problem') {
      this._problem = message.message;
    } else if (message.kind === 'curves') {
      for (const part of message.curves) {
        const name = nameOf(axis, part.run, part.key);
        const before = this._curves.get(name);
        if (before?.whole) {
          continue;
        }
        const curve = spliced(before?.curve ?? null, part);
        if (curve === null) {
          // A part is missing in between: the beginning of a topic fills it.
          this.retry();
          return;
        }
        this._curves.set(name, { curve, whole: false });
      }
      this._problem = '';
      this._lookCloser();
    }
    this._changed.emit();
  }

  /** Have finer points where somebody has zoomed in, for the curves that are coarse. */
  private _lookCloser(): void {
    const { keys, runs, axis, part = null } = this._wanted ?? NOTHING;
    if (part === null || axis !== 'step' || this._stream !== 'history') {
      this._closeup.look(null);
      return;
    }
    const isCoarse = (run: string, key: string) =>
      (this._curves.get(nameOf(axis, run, key))?.curve?.high ?? null) !== null;
    const coarse = runs.map(run => run.id).filter(run => keys.some(key => isCoarse(run, key)));
    const [first, last] = [Math.max(0, Math.floor(part[0])), Math.max(0, Math.ceil(part[1]))];
    this._closeup.look(coarse.length === 0 ? null : { keys, runs: coarse, first, last });
  }

  /** Drop what was looked at longest ago, where that is too much. */
  private _forget(): void {
    if (this._curves.size > KEPT) {
      const { runs, keys, axis } = this._wanted ?? NOTHING;
      const wanted = new Set(runs.flatMap(run => keys.map(key => nameOf(axis, run.id, key))));
      for (const name of this._curves.keys()) {
        if (this._curves.size <= KEPT / 2) {
          break;
        }
        if (!wanted.has(name)) {
          this._curves.delete(name);
        }
      }
    }
  }

  private readonly _closeup: Closeup;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _curves = new Map<string, IKept>();
  private _disposed = false;
  private _filling = false;
  private _followed = '';
  private _problem = '';
  private _state = '';
  private _topic: IDisposable | null = null;
  private _wanted: IWanted | null = null;
}

const NOTHING: IWanted = { keys: [], runs: [], axis: 'step' };

function nameOf(axis: Axis, run: string, key: string): string {
  return `${axis} ${run} ${key}`;
}

/** A curve with a new part in the place of all from `start` on; null if it does not reach so far. */
export function spliced(before: Curve | null, part: Curve): Curve | null {
  const { start } = part;
  if (start === 0) {
    return part;
  }
  if (before === null || before.x.length < start) {
    return null;
  }
  return {
    ...part,
    start: 0,
    x: [...before.x.slice(0, start), ...part.x],
    low: [...before.low.slice(0, start), ...part.low],
    high: part.high && [...(before.high ?? before.low).slice(0, start), ...part.high]
  };
}
