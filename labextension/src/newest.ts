/** The runs of a sweep that began last, live, without knowing all the others. No React. */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Model } from './model';
import type { Message, RunRow } from './wire';

export class NewestRuns implements IDisposable {
  constructor(
    private readonly _model: Model,
    private readonly _sweep: string,
    private readonly _most: number
  ) {
    _model.socket.changed.connect(this._begin);
    this._begin();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Newest first. */
  get rows(): readonly RunRow[] {
    return this._rows;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    this._topic?.dispose();
    this._model.socket.changed.disconnect(this._begin);
    Signal.clearData(this);
  }

  /** Begin to follow; what could not begin without the server begins when that is there again. */
  private readonly _begin = (): void => {
    if (this._topic === null && !this._loading) {
      this._loading = true;
      void this._load().finally(() => {
        this._loading = false;
      });
    }
  };

  private async _load(): Promise<void> {
    const query = { order: 'created', descending: true, limit: this._most };
    const page = await this._model.api.runs(this._sweep, query).catch(() => null);
    if (page === null || this._disposed) {
      return;
    }
    this._mark = page.mark;
    this._take(page.rows);
    this._topic = this._model.socket.open(
      () => ({ topic: 'runs', sweep: this._sweep, mark: this._mark }),
      this._receive
    );
  }

  private readonly _receive = (message: Message): void => {
    if (message.kind === 'runs') {
      this._mark = message.page.mark;
      this._take(message.page.rows);
    }
  };

  private _take(rows: readonly RunRow[]): void {
    const known = new Map([...this._rows, ...rows].map(row => [row.id, row]));
    this._rows = [...known.values()]
      .sort((one, other) => other.created - one.created || other.number - one.number)
      .slice(0, this._most);
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private _loading = false;
  private _mark = '';
  private _rows: readonly RunRow[] = [];
  private _topic: IDisposable | null = null;
}
