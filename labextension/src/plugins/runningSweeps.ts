/**
 * The active sweeps with their runs, as items of JupyterLab's list of running sessions.
 *
 * Runs are fetched when they are about to be shown, and only if the sweep has changed since: the
 * list reads `children` when it renders, which it does only while it is visible.
 */

import type { IRunningSessions } from '@jupyterlab/running';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { type ISignal, Signal } from '@lumino/signaling';

import { formatNumber } from '../format';
import { sweepIcon } from '../icons';
import type { SweepsModel } from '../models/sweepsModel';
import { stateLabel } from '../states';
import { Commands } from '../tokens';
import { canRequest, isAlive } from '../models/capabilities';
import type { RunRow, SweepSummary } from '../api/schemas';

type Item = IRunningSessions.IRunningItem;

/** Runs that are searched for active ones, in addition to the expected number. */
const EXTRA_RUNS = 20;

export class RunningSweeps {
  constructor(
    private readonly _model: SweepsModel,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    _model.changed.connect(() => {
      const key = this._sweeps.map(changeKey).join('\n');
      if (key !== this._shownKey) {
        this._shownKey = key;
        this._changed.emit();
      }
    });
  }

  /** Emits when the list must be rendered again. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  items(mode: 'tree' | 'list'): Item[] {
    return this._sweeps.map(sweep => this._itemOf(sweep, mode));
  }

  stopAll(): void {
    for (const { id } of this._sweeps.filter(sweep => canRequest('stop', sweep))) {
      void this._commands.execute(Commands.stop, { sweep: id });
    }
  }

  private get _sweeps(): SweepSummary[] {
    return this._model.sweeps.filter(
      sweep => canRequest('stop', sweep) || sweep.state === 'stopping'
    );
  }

  private _itemOf(sweep: SweepSummary, mode: 'tree' | 'list'): Item {
    const { best, count, ended, id, name, state } = sweep;
    const done = count === null ? String(ended) : `${ended}/${count}`;
    const facts = state === 'running' ? [done] : [done, stateLabel(state, this._trans)];
    if (best !== null) {
      facts.push(this._trans.__('best %1', formatNumber(best.value)));
    }
    const runs = () => this._runsOf(sweep);
    return {
      icon: () => sweepIcon,
      label: () => name,
      labelTitle: () => `${name}\n${sweep.folder}`,
      detail: () => facts.join(' · '),
      context: id,
      open: () => void this._commands.execute(Commands.openSweep, { sweep: id }),
      shutdown: () => void this._commands.execute(Commands.stop, { sweep: id }),
      get children() {
        return mode === 'tree' ? runs() : undefined;
      }
    };
  }

  private _runsOf(sweep: SweepSummary): Item[] {
    const entry = this._runs.get(sweep.id);
    if (entry?.mark !== changeKey(sweep)) {
      this._runs.set(sweep.id, { mark: changeKey(sweep), rows: entry?.rows ?? [] });
      void this._fetch(sweep);
    }
    return (entry?.rows ?? []).map(({ id, number, started }) => {
      const args = { sweep: sweep.id, run: id };
      return {
        icon: () => sweepIcon,
        label: () => this._trans.__('Run %1', number),
        labelTitle: () =>
          started === null ? id : `${id}\n${new Date(started * 1000).toLocaleString()}`,
        context: id,
        open: () => void this._commands.execute(Commands.openRun, args),
        shutdown: () => void this._commands.execute(Commands.stopRun, args)
      };
    });
  }

  private async _fetch({ id, running }: SweepSummary): Promise<void> {
    try {
      const query = { order: 'created', descending: true, limit: running + EXTRA_RUNS };
      const { rows } = await this._model.api.runs(id, query);
      const entry = this._runs.get(id);
      if (entry !== undefined) {
        entry.rows = rows.filter(({ state }) => isAlive(state)).reverse();
        this._changed.emit();
      }
    } catch {
      // The sweep is listed without its runs; the next change fetches them again.
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _runs = new Map<string, { mark: string; rows: readonly RunRow[] }>();
  private _shownKey = '';
}

/** A key that changes when the list must be rendered again. */
function changeKey(sweep: SweepSummary): string {
  const { best, count, ended, failed, id, name, running, state } = sweep;
  return [id, name, state, running, ended, failed, count, best?.value].join(' ');
}
