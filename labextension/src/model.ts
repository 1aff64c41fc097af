/** All sweeps of this user, live, and what can be asked of them. Knows no view. */

import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Asked, RestAPI } from './restapi';
import { Socket } from './socket';
import { SweepModel } from './sweep';
import type { Message, RunRow, SweepsMessage, SweepSummary, Unreadable, Verb } from './wire';

const ACTIVE: ReadonlySet<string> = new Set(['pending', 'running', 'paused', 'stopping', 'died']);

/** Whether a sweep still has something to do, or waits for somebody. */
export function isActive(sweep: SweepSummary): boolean {
  return ACTIVE.has(sweep.state);
}

/** A change of a sweep's state, as seen by this page. */
export interface ITransition {
  sweep: SweepSummary;
  before: SweepSummary['state'];
  /** Whether somebody asked for it on this page. */
  asked: boolean;
}

/** The state in which a sweep is once it has done what was asked. */
const OUTCOMES: Partial<Record<Verb, SweepSummary['state']>> = {
  pause: 'paused',
  stop: 'stopped'
};

export class Model implements IDisposable {
  constructor(
    readonly api: RestAPI,
    readonly socket: Socket,
    private readonly _state: IStateDB | null = null
  ) {
    this._topic = socket.open(() => ({ topic: 'sweeps' }), this._receive);
  }

  /** Emits when any sweep has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when a sweep that this page knew goes from one state to another. */
  get transitions(): ISignal<this, ITransition> {
    return this._transitions;
  }

  /** Emits when a sweep has been deleted on this page; its id. */
  get removed(): ISignal<this, string> {
    return this._removed;
  }

  /** Whether the sweeps are known yet. */
  get ready(): boolean {
    return this._ready;
  }

  /** Why the server cannot tell the sweeps; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  /** All sweeps: active ones first, then the newest first. */
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

  /** A sweep by its id. */
  summary(sweep: string): SweepSummary | undefined {
    return this._sweeps.get(sweep);
  }

  /** A run, if a view of its sweep is open. */
  run(sweep: string, run: string): RunRow | undefined {
    return this._models.get(sweep)?.run(run);
  }

  /** The model of one sweep, shared by all that show it; each disposes the lease it got. */
  lease(sweep: string): Lease {
    let model = this._models.get(sweep);
    if (model === undefined) {
      model = new SweepModel(this, sweep);
      this._models.set(sweep, model);
    }
    model.leases += 1;
    return new Lease(model, () => {
      model.leases -= 1;
      if (model.leases === 0) {
        this._models.delete(sweep);
        model.dispose();
      }
    });
  }

  /** Say that somebody looks at a sweep, until the result is disposed. */
  watch(sweep: string): IDisposable {
    const watching = new DisposableDelegate(() => this._watching.delete(watching));
    this._watching.set(watching, sweep);
    return watching;
  }

  /** Whether somebody looks at a sweep: then what becomes of it need not be told. */
  isWatched(sweep: string): boolean {
    return [...this._watching.values()].includes(sweep);
  }

  /** Ask for all sweeps at once, though they are told as they change. */
  refresh(): Promise<void> {
    this.socket.retry();
    this._refreshing ??= this._refresh().finally(() => {
      this._refreshing = null;
    });
    return this._refreshing;
  }

  /** Ask something of a sweep; returns when its supervisor has answered. */
  async request(sweep: string, verb: Verb, asked: Asked = {}): Promise<void> {
    const outcome = OUTCOMES[verb];
    if (outcome !== undefined) {
      this._asked.set(sweep, outcome);
    }
    try {
      this._take([await this.api.request(sweep, verb, asked)]);
    } catch (error) {
      this._asked.delete(sweep);
      throw error;
    }
    this._changed.emit();
  }

  /** Delete a sweep's folder. */
  async remove(sweep: string): Promise<void> {
    await this.api.remove(sweep);
    await this._state?.remove(stateKey(sweep));
    this._sweeps.delete(sweep);
    this._unreadable = this._unreadable.filter(({ id }) => id !== sweep);
    this._sort();
    this._removed.emit(sweep);
    this._changed.emit();
  }

  /** What was kept of a sweep in this workspace, e.g. before a reload of the page. */
  async recall(sweep: string): Promise<unknown> {
    return this._state?.fetch(stateKey(sweep));
  }

  /** Keep something of a sweep, which is JSON, for the next time. */
  async keep(sweep: string, kept: unknown): Promise<void> {
    await this._state?.save(stateKey(sweep), kept as ReadonlyPartialJSONValue);
  }

  dispose(): void {
    this._topic.dispose();
    this.socket.dispose();
    Signal.clearData(this);
  }

  private async _refresh(): Promise<void> {
    const { sweeps, unreadable } = await this.api.sweeps();
    this._replace({ whole: true, changed: sweeps, unreadable, gone: [] });
    this._changed.emit();
  }

  private readonly _receive = (message: Message): void => {
    if (message.kind === 'sweeps') {
      this._replace(message);
    } else if (message.kind === 'problem') {
      this._problem = message.message;
    }
    this._changed.emit();
  };

  private _replace({
    whole,
    changed,
    unreadable,
    gone
  }: Omit<SweepsMessage, 'kind' | 'to'>): void {
    const known = whole ? new Set(changed.map(each => each.id)) : null;
    for (const id of known ? [...this._sweeps.keys()].filter(id => !known.has(id)) : gone) {
      this._sweeps.delete(id);
    }
    this._unreadable = unreadable;
    this._take(changed);
    this._ready = true;
    this._problem = '';
  }

  private _take(changed: readonly SweepSummary[]): void {
    for (const sweep of changed) {
      const before = this._sweeps.get(sweep.id);
      this._sweeps.set(sweep.id, sweep);
      if (before !== undefined && before.state !== sweep.state) {
        const asked = this._asked.get(sweep.id) === sweep.state;
        if (asked) {
          this._asked.delete(sweep.id);
        }
        this._transitions.emit({ sweep, before: before.state, asked });
      }
    }
    this._sort();
  }

  private _sort(): void {
    this._sorted = [...this._sweeps.values()].sort(
      (one, other) =>
        Number(isActive(other)) - Number(isActive(one)) || other.created - one.created
    );
  }

  private _asked = new Map<string, SweepSummary['state']>();
  private _changed = new Signal<this, void>(this);
  private _models = new Map<string, SweepModel>();
  private _problem = '';
  private _ready = false;
  private _refreshing: Promise<void> | null = null;
  private _removed = new Signal<this, string>(this);
  private _sorted: SweepSummary[] = [];
  private _sweeps = new Map<string, SweepSummary>();
  private _topic: IDisposable;
  private _transitions = new Signal<this, ITransition>(this);
  private _unreadable: Unreadable[] = [];
  private readonly _watching = new Map<IDisposable, string>();
}

function stateKey(sweep: string): string {
  return `wandb-magic-choice:${sweep}`;
}

/** The right to use a sweep's model, until it is disposed. */
export class Lease implements IDisposable {
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
