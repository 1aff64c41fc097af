/** All sweeps of this user, live, and the requests to them. Knows no view. */

import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { REQUESTS, type RequestArguments, type Verb } from '../api/requests';
import { RestAPI } from '../api/restapi';
import { Socket } from '../api/socket';
import type { ISweepHost } from './sweepHost';
import { SweepModel } from './sweepModel';
import type { Message, RunRow, SweepsMessage, SweepSummary, Unreadable } from '../api/schemas';

const ACTIVE: ReadonlySet<string> = new Set(['pending', 'running', 'paused', 'stopping', 'died']);

/** Whether a sweep still has work to do, or waits for the user. */
export function isActive(sweep: SweepSummary): boolean {
  return ACTIVE.has(sweep.state);
}

/** A change of a sweep's state, as observed by this page. */
export interface IStateChange {
  sweep: SweepSummary;
  previous: SweepSummary['state'];
  /** Whether this page requested the change. */
  isRequested: boolean;
}

export class SweepsModel implements ISweepHost, IDisposable {
  constructor(
    readonly api: RestAPI,
    readonly socket: Socket,
    private readonly _stateDB: IStateDB | null = null
  ) {
    this._topic = socket.open(() => ({ topic: 'sweeps' }), this._onMessage);
  }

  /** Emits when any sweep has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when a sweep that this page already knew changes its state. */
  get stateChanged(): ISignal<this, IStateChange> {
    return this._stateChanged;
  }

  /** Emits the id of a sweep that this page has deleted. */
  get sweepDeleted(): ISignal<this, string> {
    return this._sweepDeleted;
  }

  /** Whether the list of sweeps has been loaded. */
  get isReady(): boolean {
    return this._isReady;
  }

  /** Why the server cannot list the sweeps; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  /** All sweeps: active ones first, then newest first. */
  get sweeps(): readonly SweepSummary[] {
    return this._sorted;
  }

  /** Sweeps whose store cannot be read. */
  get unreadable(): readonly Unreadable[] {
    return this._unreadable;
  }

  get isDisposed(): boolean {
    return this._topic.isDisposed;
  }

  /** Return a sweep by its id. */
  summary(sweep: string): SweepSummary | undefined {
    return this._sweeps.get(sweep);
  }

  /** Return a run, if a view of its sweep is open. */
  run(sweep: string, run: string): RunRow | undefined {
    return this._sweepModels.get(sweep)?.run(run);
  }

  /** Return the shared model of one sweep; each user disposes its own reference. */
  acquire(sweep: string): ModelRef {
    let model = this._sweepModels.get(sweep);
    if (model === undefined) {
      model = new SweepModel(this, sweep);
      this._sweepModels.set(sweep, model);
    }
    model.refCount += 1;
    return new ModelRef(model, () => {
      model.refCount -= 1;
      if (model.refCount === 0) {
        this._sweepModels.delete(sweep);
        model.dispose();
      }
    });
  }

  /** Register that a view of a sweep is visible, until the result is disposed. */
  watch(sweep: string): IDisposable {
    const watcher = new DisposableDelegate(() => this._watchers.delete(watcher));
    this._watchers.set(watcher, sweep);
    return watcher;
  }

  /** Whether a view of a sweep is visible: its state changes then need no notification. */
  isWatched(sweep: string): boolean {
    return [...this._watchers.values()].includes(sweep);
  }

  /** Fetch all sweeps immediately, in addition to the updates that are pushed. */
  refresh(): Promise<void> {
    this.socket.retry();
    this._refreshing ??= this._refresh().finally(() => {
      this._refreshing = null;
    });
    return this._refreshing;
  }

  /** Send a request to a sweep; resolves when its supervisor has replied. */
  async request<V extends Verb>(sweep: string, verb: V, args: RequestArguments[V]): Promise<void> {
    const { result } = REQUESTS[verb];
    if (result !== null) {
      this._requestedStates.set(sweep, result);
    }
    try {
      this._merge([await this.api.request(sweep, verb, args)]);
    } catch (error) {
      this._requestedStates.delete(sweep);
      throw error;
    }
    this._changed.emit();
  }

  /** Delete a sweep's folder. */
  async deleteSweep(sweep: string): Promise<void> {
    await this.api.deleteSweep(sweep);
    await this._stateDB?.remove(stateKey(sweep));
    this._sweeps.delete(sweep);
    this._unreadable = this._unreadable.filter(({ id }) => id !== sweep);
    this._sort();
    this._sweepDeleted.emit(sweep);
    this._changed.emit();
  }

  /** Load the saved state of a sweep in this workspace, e.g. after a reload of the page. */
  async loadState(sweep: string): Promise<unknown> {
    return this._stateDB?.fetch(stateKey(sweep));
  }

  /** Save the state of a sweep, which is JSON. */
  async saveState(sweep: string, state: unknown): Promise<void> {
    await this._stateDB?.save(stateKey(sweep), state as ReadonlyPartialJSONValue);
  }

  dispose(): void {
    this._topic.dispose();
    this.socket.dispose();
    Signal.clearData(this);
  }

  private async _refresh(): Promise<void> {
    const { sweeps, unreadable } = await this.api.sweeps();
    this._applyMessage({ whole: true, changed: sweeps, unreadable, gone: [] });
    this._changed.emit();
  }

  private readonly _onMessage = (message: Message): void => {
    if (message.kind === 'sweeps') {
      this._applyMessage(message);
    } else if (message.kind === 'problem') {
      this._problem = message.message;
    }
    this._changed.emit();
  };

  private _applyMessage({
    whole,
    changed,
    unreadable,
    gone
  }: Omit<SweepsMessage, 'kind' | 'to'>): void {
    const listedIds = whole ? new Set(changed.map(sweep => sweep.id)) : null;
    for (const id of listedIds
      ? [...this._sweeps.keys()].filter(id => !listedIds.has(id))
      : gone) {
      this._sweeps.delete(id);
    }
    this._unreadable = unreadable;
    this._merge(changed);
    this._isReady = true;
    this._problem = '';
  }

  private _merge(changed: readonly SweepSummary[]): void {
    for (const sweep of changed) {
      const previous = this._sweeps.get(sweep.id);
      this._sweeps.set(sweep.id, sweep);
      if (previous !== undefined && previous.state !== sweep.state) {
        const isRequested = this._requestedStates.get(sweep.id) === sweep.state;
        if (isRequested) {
          this._requestedStates.delete(sweep.id);
        }
        this._stateChanged.emit({ sweep, previous: previous.state, isRequested });
      }
    }
    this._sort();
  }

  private _sort(): void {
    this._sorted = [...this._sweeps.values()].sort(
      (a, b) => Number(isActive(b)) - Number(isActive(a)) || b.created - a.created
    );
  }

  private _requestedStates = new Map<string, SweepSummary['state']>();
  private _changed = new Signal<this, void>(this);
  private _sweepModels = new Map<string, SweepModel>();
  private _problem = '';
  private _isReady = false;
  private _refreshing: Promise<void> | null = null;
  private _sweepDeleted = new Signal<this, string>(this);
  private _sorted: SweepSummary[] = [];
  private _sweeps = new Map<string, SweepSummary>();
  private _topic: IDisposable;
  private _stateChanged = new Signal<this, IStateChange>(this);
  private _unreadable: Unreadable[] = [];
  private readonly _watchers = new Map<IDisposable, string>();
}

function stateKey(sweep: string): string {
  return `wandb-magic-choice:${sweep}`;
}

/** A reference to a sweep's model, valid until it is disposed. */
export class ModelRef implements IDisposable {
  constructor(
    readonly model: SweepModel,
    private readonly _release: () => void
  ) {}

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._release();
    }
  }

  private _disposed = false;
}
