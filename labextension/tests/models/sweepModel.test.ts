import { StateDB } from '@jupyterlab/statedb';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { NO_FILTER } from '../../src/models/columns';
import { SweepsModel } from '../../src/models/sweepsModel';
import type { RestAPI } from '../../src/api/restapi';
import type { Socket } from '../../src/api/socket';
import type { Message, RunRow, RunsPage, SweepDetail, Topic } from '../../src/api/schemas';
import { aRun, runs } from '../factories';
import { aSweep } from '../sweeps';

const SWEEP = 'abcd1234';

/** An in-memory server: it pages through rows, and sends changes to open topics. */
class Server {
  rows: RunRow[] = [];
  fails = '';
  detail = { id: SWEEP } as SweepDetail;
  readonly opened = new Map<() => Topic, (message: Message) => void>();

  readonly api = {
    sweep: () => this.answer(this.detail),
    keys: () => this.answer({ history: ['loss'], system: [], media: [] }),
    runs: (_: string, { limit = 0, offset = 0 }) => this.answer(this.page(limit, offset))
  } as unknown as RestAPI;

  readonly socket = {
    changed: new Signal({}),
    lostAt: null,
    open: (topic: () => Topic, receive: (message: Message) => void) => {
      this.opened.set(topic, receive);
      return { isDisposed: false, dispose: () => void this.opened.delete(topic) };
    }
  } as unknown as Socket & { changed: Signal<object, void> };

  tell(...rows: RunRow[]): void {
    const page: RunsPage = { rows, total: this.rows.length, mark: 'later' };
    for (const [topic, receive] of this.opened) {
      if (topic().topic === 'runs') {
        receive({ kind: 'runs', to: '', page, keys: null });
      }
    }
  }

  tellVersion(version: number): void {
    const changed = [aSweep(SWEEP, { version })];
    for (const [topic, receive] of this.opened) {
      if (topic().topic === 'sweeps') {
        receive({ kind: 'sweeps', to: '', whole: true, changed, unreadable: [], gone: [] });
      }
    }
  }

  get topics(): Topic[] {
    return [...this.opened.keys()].map(topic => topic());
  }

  private page(limit: number, offset: number): RunsPage {
    const rows = this.rows.slice(offset, offset + limit);
    return { rows, total: this.rows.length, mark: `mark ${offset}` };
  }

  private answer<T>(value: T): Promise<T> {
    return this.fails === '' ? Promise.resolve(value) : Promise.reject(new Error(this.fails));
  }
}

function followed(server: Server, state = new StateDB()) {
  const model = new SweepsModel(server.api, server.socket, state);
  const lease = model.acquire(SWEEP);
  return { model, lease, sweep: lease.model, following: lease.model.follow() };
}

describe('the model of a sweep', () => {
  it('has the spec of the newest version', async () => {
    const server = new Server();
    const { sweep } = followed(server);
    server.tellVersion(1);
    await expect.poll(() => sweep.isComplete).toBe(true);
    const edited = { ...server.detail, spec: { metric: { name: 'accuracy' } } };
    server.detail = edited;
    server.fails = 'away';
    server.tellVersion(2);
    await new Promise(resolve => setTimeout(resolve)); // it has failed
    server.fails = '';
    server.tellVersion(2);
    await expect.poll(() => sweep.detail).toBe(edited);
  });

  it('loads page by page, and follows changes from the first page on', async () => {
    const server = new Server();
    server.rows = runs(2500);
    const { sweep, following } = followed(server);
    await expect.poll(() => sweep.isComplete).toBe(true);
    expect(sweep.rows).toHaveLength(2500);
    await expect
      .poll(() => server.topics)
      .toContainEqual({ topic: 'runs', sweep: SWEEP, mark: 'mark 0' });
    server.tell(aRun(3, { state: 'failed' }), aRun(2500));
    expect(sweep.rows).toHaveLength(2501);
    expect(sweep.run('run00003')?.state).toBe('failed');
    following.dispose();
    expect(server.topics.filter(({ topic }) => topic === 'runs')).toEqual([]);
    // When shown again, it fetches only what has changed since.
    sweep.follow();
    await expect
      .poll(() => server.topics)
      .toContainEqual({ topic: 'runs', sweep: SWEEP, mark: 'later' });
  });

  it('reports errors, and continues when the connection is back', async () => {
    const server = new Server();
    server.rows = runs(3);
    server.fails = 'The store is locked.';
    const { sweep } = followed(server);
    await expect.poll(() => sweep.problem).toBe('The store is locked.');
    expect(server.topics.filter(({ topic }) => topic === 'runs')).toEqual([]);
    server.fails = '';
    server.socket.changed.emit();
    await expect.poll(() => sweep.rows).toHaveLength(3);
    expect(sweep.problem).toBe('');
  });

  it('uses the selected runs that pass the filter, or else all that do', async () => {
    const server = new Server();
    server.rows = runs(6);
    const { sweep } = followed(server);
    await expect.poll(() => sweep.isComplete).toBe(true);
    const numbers = () => sweep.activeRuns.map(row => row.number);
    sweep.setViewState({ filter: { ...NO_FILTER, text: 'adam' } });
    expect(numbers()).toEqual([1, 3, 5]);
    sweep.setViewState({ selection: ['run00003', 'run00004'] });
    expect(numbers()).toEqual([3]);
  });

  it('restores the selection and the settings of its views after a reload', async () => {
    const state = new StateDB();
    const first = followed(new Server(), state);
    await expect.poll(() => first.sweep.isRestored).toBe(true);
    const filter = { ...NO_FILTER, text: 'adam', ranges: { value: { low: 0, high: 1 } } };
    first.sweep.setViewState({ filter, selection: ['run00001'] });
    first.sweep.saveSettings('view', { tab: 'runs' });
    first.sweep.saveSettings('curves', { axis: 'time' });
    // Disposing saves pending changes without waiting for the delay.
    first.lease.dispose();
    await expect.poll(async () => (await state.list('wandb-magic-choice')).ids).toHaveLength(1);

    const { sweep } = followed(new Server(), state);
    expect(sweep.isRestored).toBe(false);
    await expect.poll(() => sweep.isRestored).toBe(true);
    expect(sweep.viewState).toEqual({ filter, selection: ['run00001'] });
    expect(sweep.settings('view', { tab: 'overview' })).toEqual({ tab: 'runs' });
    expect(sweep.settings('curves', { axis: 'step', smoothing: 0 })).toEqual({
      axis: 'time',
      smoothing: 0
    });
  });

  it('does not overwrite newer choices when it is restored', async () => {
    const state = new StateDB();
    await state.save(`wandb-magic-choice:${SWEEP}`, { choice: { selection: ['old'] } });
    const { sweep } = followed(new Server(), state);
    sweep.setViewState({ selection: ['new'] });
    await expect.poll(() => sweep.isRestored).toBe(true);
    expect(sweep.viewState.selection).toEqual(['new']);
  });
});
