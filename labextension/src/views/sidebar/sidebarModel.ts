/** The state of the sidebar: its filter, and which groups are collapsed. No React. */

import type { IStateDB } from '@jupyterlab/statedb';
import { type ISignal, Signal } from '@lumino/signaling';

import type { GroupName, ISweepFilter } from './sweepGroups';

const STATE_KEY = 'wandb-magic:sidebar';

export class SidebarModel {
  constructor(private readonly _stateDB: IStateDB | null) {
    void this._restore();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get filter(): ISweepFilter {
    return this._filter;
  }

  get isFiltered(): boolean {
    return this._filter.text.trim() !== '' || this._filter.states.length > 0;
  }

  /** The filter is not saved: users would miss the sweeps that it hides. */
  setFilter(filter: Partial<ISweepFilter>): void {
    this._filter = { ...this._filter, ...filter };
    this._changed.emit();
  }

  /** The sweep whose view, or whose run's view, is the current widget. */
  get currentSweep(): string | null {
    return this._currentSweep;
  }

  setCurrentSweep(sweep: string | null): void {
    if (sweep !== this._currentSweep) {
      this._currentSweep = sweep;
      this._changed.emit();
    }
  }

  isFolded(group: GroupName): boolean {
    return this._folded.has(group);
  }

  setFolded(group: GroupName, folded: boolean): void {
    if (folded) {
      this._folded.add(group);
    } else {
      this._folded.delete(group);
    }
    this._stateDB?.save(STATE_KEY, { folded: [...this._folded] }).catch(() => undefined);
    this._changed.emit();
  }

  private async _restore(): Promise<void> {
    try {
      const saved = (await this._stateDB?.fetch(STATE_KEY)) as
        { folded?: GroupName[] } | undefined;
      this._folded = new Set(saved?.folded ?? []);
      this._changed.emit();
    } catch {
      // Nothing was saved, or it cannot be loaded: all groups are expanded.
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _filter: ISweepFilter = { text: '', states: [] };
  private _currentSweep: string | null = null;
  private _folded = new Set<GroupName>();
}
