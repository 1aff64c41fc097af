/**
 * One sweep: its runs, live while somebody looks, and what people have chosen among them.
 *
 * Selection, filter and focus belong to the sweep, so that table and plots show the same.
 */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { type IChoice, type IKept, NOTHING_KEPT, restoredFrom, settingsFrom } from './choice';
import type { IColumn } from './columns';
import type { Model } from './model';
import { Rows } from './rows';
import type { Keys, Message, RunRow, RunsPage, SweepDetail, SweepSummary } from './wire';

export type { IChoice } from './choice';

const PAGE = 1000;
const SAVE_MS = 300;

export class SweepModel implements IDisposable {
  constructor(
    readonly model: Model,
    readonly id: string
  ) {
    void this._restore();
    model.socket.changed.connect(this._reconnected);
  }

  /** How many use this model; see `Model.lease`. */
  leases = 0;

  /** Emits when runs, keys or the detail have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when the selection, the filter, the run in focus or a view's settings have changed. */
  get chosen(): ISignal<this, void> {
    return this._chosen;
  }

  get summary(): SweepSummary | undefined {
    return this.model.summary(this.id);
  }

  /** What stays the same; null until it is known. */
  get detail(): SweepDetail | null {
    return this._detail;
  }

  /** All runs in order of number and attempt. The same array until one of them changes. */
  get rows(): readonly RunRow[] {
    return this._rows.all;
  }

  /** The runs that the filter lets through, in the same order. */
  get shown(): readonly RunRow[] {
    return this._rows.shown(this.choice.filter);
  }

  /** The selected runs that are shown; all shown ones if none is selected. */
  get considered(): readonly RunRow[] {
    return this._rows.considered(this.choice.filter, this.choice.selection);
  }

  /** Ids of the selected runs. */
  get selected(): ReadonlySet<string> {
    return (this._selected ??= new Set(this.choice.selection));
  }

  get columns(): readonly IColumn[] {
    return this._rows.columns;
  }

  get keys(): Keys {
    return this._keys;
  }

  /** Whether all runs have arrived at least once. */
  get complete(): boolean {
    return this._complete;
  }

  /** How many runs there are, also before all have arrived. */
  get total(): number {
    return Math.max(this._total, this.rows.length);
  }

  /** Why the sweep cannot be read; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  get choice(): IChoice {
    return this._kept.choice;
  }

  /** Whether the choice and the settings of the last visit are there again. */
  get restored(): boolean {
    return this._restored;
  }

  /** The run that the pointer or the keyboard is at, in whatever view. */
  get focus(): string | null {
    return this._focus;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  run(id: string): RunRow | undefined {
    return this._rows.get(id);
  }

  choose(choice: Partial<IChoice>): void {
    this._keep({ choice: { ...this.choice, ...choice } });
  }

  /** What a view remembers of itself; the names of views are their tabs'. */
  settings<T extends object>(view: string, defaults: T): T {
    return settingsFrom(this._kept.views[view] ?? {}, defaults);
  }

  /** Let a view remember some of its settings. */
  remember(view: string, settings: ReadonlyPartialJSONObject): void {
    const { views } = this._kept;
    this._keep({ views: { ...views, [view]: { ...views[view], ...settings } } });
  }

  setFocus(run: string | null): void {
    if (run !== this._focus) {
      this._focus = run;
      this._chosen.emit();
    }
  }

  /** Try again what has failed. */
  retry(): void {
    if (this._followers > 0) {
      void this._begin();
    }
  }

  /** Follow the sweep until the result is disposed; the model keeps what it has. */
  follow(): IDisposable {
    this._followers += 1;
    if (this._followers === 1) {
      void this._begin();
    }
    let over = false;
    return {
      get isDisposed() {
        return over;
      },
      dispose: () => {
        if (!over) {
          over = true;
          this._followers -= 1;
          if (this._followers === 0) {
            this._topic?.dispose();
            this._topic = null;
          }
        }
      }
    };
  }

  dispose(): void {
    this._disposed = true;
    this._topic?.dispose();
    this.model.socket.changed.disconnect(this._reconnected);
    if (this._unsaved) {
      this._save().catch(() => undefined);
    }
    this._saving.dispose();
    Signal.clearData(this);
  }

  private async _restore(): Promise<void> {
    try {
      const kept = restoredFrom(await this.model.recall(this.id));
      if (this._kept === NOTHING_KEPT) {
        this._kept = kept;
        this._selected = null;
      }
    } catch {
      // Nothing was kept, or nobody can say: then the view begins as if for the first time.
    }
    this._restored = true;
    this._chosen.emit();
  }

  private _keep(changes: Partial<IKept>): void {
    this._kept = { ...this._kept, ...changes };
    this._selected = null;
    this._unsaved = true;
    // What cannot be kept now goes with the next change.
    this._saving.invoke().catch(() => undefined);
    this._chosen.emit();
  }

  private async _save(): Promise<void> {
    this._unsaved = false;
    await this.model.keep(this.id, this._kept);
  }

  private readonly _reconnected = (): void => {
    if (this.model.socket.lostAt === null && !this._complete) {
      this.retry();
    }
  };

  /** Load what is missing page by page, then follow what changes. */
  private async _begin(): Promise<void> {
    this._loading ??= this._load();
    try {
      await this._loading;
      this._problem = '';
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    this._loading = null;
    this._changed.emit();
    if (this._complete && !this._disposed && this._followers > 0 && this._topic === null) {
      this._topic = this.model.socket.open(
        () => ({ topic: 'runs', sweep: this.id, mark: this._mark }),
        this._receive
      );
    }
  }

  private async _load(): Promise<void> {
    const { api } = this.model;
    if (this._detail === null) {
      [this._detail, this._keys] = await Promise.all([api.sweep(this.id), api.keys(this.id)]);
      this._changed.emit();
    }
    if (!this._complete) {
      let mark: string | null = null;
      for (let offset = 0; ; offset += PAGE) {
        const page = await api.runs(this.id, { limit: PAGE, offset });
        // What changes while later pages load is newer than the first page's mark.
        mark ??= page.mark;
        this._take({ ...page, mark });
        this._changed.emit();
        if (this._disposed || offset + PAGE >= page.total) {
          break;
        }
      }
      this._complete = true;
    }
  }

  private readonly _receive = (message: Message): void => {
    if (message.kind === 'runs') {
      this._take(message.page);
      this._keys = message.keys ?? this._keys;
      this._problem = '';
      this._changed.emit();
    } else if (message.kind === 'problem') {
      this._problem = message.message;
      this._changed.emit();
    }
  };

  private _take(page: RunsPage): void {
    this._rows.take(page.rows);
    this._mark = page.mark;
    this._total = page.total;
  }

  private _changed = new Signal<this, void>(this);
  private _chosen = new Signal<this, void>(this);
  private _complete = false;
  private _detail: SweepDetail | null = null;
  private _disposed = false;
  private _focus: string | null = null;
  private _followers = 0;
  private _kept = NOTHING_KEPT;
  private _keys: Keys = { history: [], system: [], media: [] };
  private _loading: Promise<void> | null = null;
  private _mark = '';
  private _problem = '';
  private _restored = false;
  private _rows = new Rows();
  private readonly _saving = new Debouncer(() => this._save(), SAVE_MS);
  private _selected: ReadonlySet<string> | null = null;
  private _topic: IDisposable | null = null;
  private _total = 0;
  private _unsaved = false;
}
