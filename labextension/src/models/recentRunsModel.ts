/** The most recently started runs of a sweep, live, without loading all the others. No React. */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import type { ISweepHost } from './sweepHost';
import type { Message, RunRow } from '../api/schemas';

export class RecentRunsModel implements IDisposable {
  constructor(
    private readonly _host: ISweepHost,
    private readonly _sweep: string,
    private readonly _limit: number
  ) {
    _host.socket.changed.connect(this._start);
    this._start();
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
    this._host.socket.changed.disconnect(this._start);
    Signal.clearData(this);
  }

  /** Start to follow; if the server is not connected, this happens once it is. */
  private readonly _start = (): void => {
    if (this._topic === null && !this._loading) {
      this._loading = true;
      void this._load().finally(() => {
        this._loading = false;
      });
    }
  };

  private async _load(): Promise<void> {
    const query = { order: 'created', descending: true, limit: this._limit };
    const page = await this._host.api.runs(this._sweep, query).catch(() => null);
    if (page === null || this._disposed) {
      return;
    }
    this._cursor = page.mark;
    this._merge(page.rows);
    this._topic = this._host.socket.open(
      () => ({ topic: 'runs', sweep: this._sweep, mark: this._cursor }),
      this._onMessage
    );
  }

  private readonly _onMessage = (message: Message): void => {
    if (message.kind === 'runs') {
      this._cursor = message.page.mark;
      this._merge(message.page.rows);
    }
  };

  private _merge(rows: readonly RunRow[]): void {
    const rowsById = new Map([...this._rows, ...rows].map(row => [row.id, row]));
    this._rows = [...rowsById.values()]
      .sort((a, b) => b.created - a.created || b.number - a.number)
      .slice(0, this._limit);
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private _loading = false;
  private _cursor = '';
  private _rows: readonly RunRow[] = [];
  private _topic: IDisposable | null = null;
}
