/** What the sidebar shows of the sweeps: its filter, and which groups are folded. No React. */

import type { IStateDB } from '@jupyterlab/statedb';
import { type ISignal, Signal } from '@lumino/signaling';

import type { GroupName, IFilter } from './groups';

const KEY = 'wandb-magic:sidebar';

export class SweepList {
  constructor(private readonly _state: IStateDB | null) {
    void this._restore();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get filter(): IFilter {
    return this._filter;
  }

  get filtered(): boolean {
    return this._filter.text.trim() !== '' || this._filter.states.length > 0;
  }

  /** A filter does not outlive the page: what it hides would be missed. */
  setFilter(filter: Partial<IFilter>): void {
    this._filter = { ...this._filter, ...filter };
    this._changed.emit();
  }

  /** The sweep whose view, or whose run's view, is in front. */
  get front(): string | null {
    return this._front;
  }

  setFront(sweep: string | null): void {
    if (sweep !== this._front) {
      this._front = sweep;
      this._changed.emit();
    }
  }

  isFolded(group: GroupName): boolean {
    return this._folded.has(group);
  }

  fold(group: GroupName, folded: boolean): void {
    if (folded) {
      this._folded.add(group);
    } else {
      this._folded.delete(group);
    }
    this._state?.save(KEY, { folded: [...this._folded] }).catch(() => undefined);
    this._changed.emit();
  }

  private async _restore(): Promise<void> {
    try {
      const kept = (await this._state?.fetch(KEY)) as { folded?: GroupName[] } | undefined;
      this._folded = new Set(kept?.folded ?? []);
      this._changed.emit();
    } catch {
      // Nothing was kept, or nobody can say: all groups are open then.
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _filter: IFilter = { text: '', states: [] };
  private _front: string | null = null;
  private _folded = new Set<GroupName>();
}
