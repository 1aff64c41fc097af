/**
 * One sweep: its runs, live while a view is open, and the user's selection and filter.
 *
 * Selection, filter and focus belong to the sweep, so that the table and the plots show the same
 * runs.
 */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import {
  type IViewState,
  type IPersistedState,
  INITIAL_STATE,
  deserialize,
  mergeSettings
} from './viewState';
import type { IColumn } from './columns';
import { Followers } from './followers';
import type { ISweepHost } from './sweepHost';
import { RunStore } from './runStore';
import type { Keys, Message, RunRow, RunsPage, SweepDetail, SweepSummary } from '../api/schemas';

const PAGE = 1000;
const SAVE_MS = 300;

export class SweepModel implements IDisposable {
  constructor(
    readonly host: ISweepHost,
    readonly id: string
  ) {
    void this._restore();
    host.socket.changed.connect(this._onReconnect);
    host.changed.connect(this._onHostChanged);
  }

  /** The number of references to this model; see `SweepsModel.acquire`. */
  refCount = 0;

  /** Emits when runs, keys or the detail have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when the selection, the filter, the focused run or a view's settings have changed. */
  get viewStateChanged(): ISignal<this, void> {
    return this._viewStateChanged;
  }

  get summary(): SweepSummary | undefined {
    return this.host.summary(this.id);
  }

  /** The details, of the newest version of the spec; null until they are loaded. */
  get detail(): SweepDetail | null {
    return this._detail;
  }

  /** All runs in order of number and attempt. The array stays the same until a run changes. */
  get rows(): readonly RunRow[] {
    return this._runStore.all;
  }

  /** The runs that pass the filter, in the same order. */
  get filteredRuns(): readonly RunRow[] {
    return this._runStore.filtered(this.viewState.filter, this.showsHidden);
  }

  /** The selected runs that are shown; all shown runs if none is selected. */
  get activeRuns(): readonly RunRow[] {
    const { filter, selection } = this.viewState;
    return this._runStore.active(filter, selection, this.showsHidden);
  }

  /** Whether runs that the user has hidden are shown all the same. */
  get showsHidden(): boolean {
    return this.settings('hidden', { shown: false }).shown;
  }

  /** How many runs the user has hidden. */
  get hiddenCount(): number {
    return this.rows.reduce((count, row) => count + Number(row.hidden), 0);
  }

  /** Ids of the selected runs. */
  get selectedIds(): ReadonlySet<string> {
    return (this._selectedIds ??= new Set(this.viewState.selection));
  }

  get columns(): readonly IColumn[] {
    return this._runStore.columns;
  }

  get keys(): Keys {
    return this._keys;
  }

  /** Whether all runs have been loaded at least once. */
  get isComplete(): boolean {
    return this._isComplete;
  }

  /** The number of runs, even before all are loaded. */
  get total(): number {
    return Math.max(this._total, this.rows.length);
  }

  /** Why the sweep cannot be read; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  get viewState(): IViewState {
    return this._persisted.viewState;
  }

  /** Whether the saved selection and settings have been restored. */
  get isRestored(): boolean {
    return this._isRestored;
  }

  /** The run at the pointer or the keyboard, in any view. */
  get focus(): string | null {
    return this._focus;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  run(id: string): RunRow | undefined {
    return this._runStore.get(id);
  }

  setViewState(choice: Partial<IViewState>): void {
    this._persist({ viewState: { ...this.viewState, ...choice } });
  }

  /** The saved settings of a view; views are named after their tabs. */
  settings<T extends object>(view: string, defaults: T): T {
    return mergeSettings(this._persisted.viewSettings[view] ?? {}, defaults);
  }

  /** Save some settings of a view. */
  saveSettings(view: string, settings: ReadonlyPartialJSONObject): void {
    const { viewSettings } = this._persisted;
    this._persist({
      viewSettings: { ...viewSettings, [view]: { ...viewSettings[view], ...settings } }
    });
  }

  setFocus(run: string | null): void {
    if (run !== this._focus) {
      this._focus = run;
      this._viewStateChanged.emit();
    }
  }

  /** Retry what has failed. */
  retry(): void {
    if (this._followers.count > 0) {
      void this._start();
    }
  }

  /** Follow the sweep until the result is disposed; the model keeps its data. */
  follow(): IDisposable {
    return this._followers.add();
  }

  dispose(): void {
    this._disposed = true;
    this._topic?.dispose();
    this.host.socket.changed.disconnect(this._onReconnect);
    this.host.changed.disconnect(this._onHostChanged);
    if (this._hasUnsaved) {
      this._save().catch(() => undefined);
    }
    this._saveDebouncer.dispose();
    Signal.clearData(this);
  }

  private async _restore(): Promise<void> {
    try {
      const persisted = deserialize(await this.host.loadState(this.id));
      if (this._persisted === INITIAL_STATE) {
        this._persisted = persisted;
        this._selectedIds = null;
      }
    } catch {
      // Nothing was saved, or it cannot be loaded: the view starts with its defaults.
    }
    this._isRestored = true;
    this._viewStateChanged.emit();
  }

  private _persist(changes: Partial<IPersistedState>): void {
    this._persisted = { ...this._persisted, ...changes };
    this._selectedIds = null;
    this._hasUnsaved = true;
    // A failed save is made up for by the next change.
    this._saveDebouncer.invoke().catch(() => undefined);
    this._viewStateChanged.emit();
  }

  private async _save(): Promise<void> {
    this._hasUnsaved = false;
    await this.host.saveState(this.id, this._persisted);
  }

  private readonly _onReconnect = (): void => {
    if (this.host.socket.lostAt === null && !this._isComplete) {
      this.retry();
    }
  };

  /** Load the missing runs page by page, then follow changes. */
  private async _start(): Promise<void> {
    this._loading ??= this._load();
    try {
      await this._loading;
      this._problem = '';
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
    }
    this._loading = null;
    this._changed.emit();
    if (this._isComplete && !this._disposed && this._followers.count > 0 && this._topic === null) {
      this._topic = this.host.socket.open(
        () => ({ topic: 'runs', sweep: this.id, mark: this._cursor }),
        this._onMessage
      );
    }
  }

  /** Load the details again when somebody has edited the spec. */
  private readonly _onHostChanged = (): void => {
    const version = this.summary?.version;
    if (this._detail === null || version === undefined || version === this._version) {
      return;
    }
    const before = this._version;
    this._version = version;
    void this.host.api.sweep(this.id).then(
      detail => {
        if (this._version === version) {
          this._detail = detail;
          this._changed.emit();
        }
      },
      () => {
        if (this._version === version) {
          this._version = before; // the next change of the summary tries again
        }
      }
    );
  };

  private _closeTopic(): void {
    this._topic?.dispose();
    this._topic = null;
  }

  private async _load(): Promise<void> {
    const { api } = this.host;
    if (this._detail === null) {
      this._version = this.summary?.version;
      [this._detail, this._keys] = await Promise.all([api.sweep(this.id), api.keys(this.id)]);
      this._changed.emit();
    }
    if (!this._isComplete) {
      let cursor: string | null = null;
      for (let offset = 0; ; offset += PAGE) {
        const page = await api.runs(this.id, { limit: PAGE, offset });
        // Changes made while later pages load are newer than the first page's mark.
        cursor ??= page.mark;
        this._merge({ ...page, mark: cursor });
        this._changed.emit();
        if (this._disposed || offset + PAGE >= page.total) {
          break;
        }
      }
      this._isComplete = true;
    }
  }

  private readonly _onMessage = (message: Message): void => {
    if (message.kind === 'runs') {
      this._merge(message.page);
      this._keys = message.keys ?? this._keys;
      this._problem = '';
      this._changed.emit();
    } else if (message.kind === 'problem') {
      this._problem = message.message;
      this._changed.emit();
    }
  };

  private _merge(page: RunsPage): void {
    this._runStore.merge(page.rows);
    this._cursor = page.mark;
    this._total = page.total;
  }

  private _changed = new Signal<this, void>(this);
  private _viewStateChanged = new Signal<this, void>(this);
  private _isComplete = false;
  private _detail: SweepDetail | null = null;
  private _version: number | undefined;
  private _disposed = false;
  private _focus: string | null = null;
  private readonly _followers = new Followers(
    () => void this._start(),
    () => this._closeTopic()
  );
  private _persisted = INITIAL_STATE;
  private _keys: Keys = { history: [], system: [], media: [] };
  private _loading: Promise<void> | null = null;
  private _cursor = '';
  private _problem = '';
  private _isRestored = false;
  private _runStore = new RunStore();
  private readonly _saveDebouncer = new Debouncer(() => this._save(), SAVE_MS);
  private _selectedIds: ReadonlySet<string> | null = null;
  private _topic: IDisposable | null = null;
  private _total = 0;
  private _hasUnsaved = false;
}
