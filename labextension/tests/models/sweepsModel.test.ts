import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { type IStateChange, SweepsModel } from '../../src/models/sweepsModel';
import { RecentRunsModel } from '../../src/models/recentRunsModel';
import type { RestAPI } from '../../src/api/restapi';
import type { Socket } from '../../src/api/socket';
import type { Verb } from '../../src/api/requests';
import type { Message, RunRow, SweepSummary, Topic } from '../../src/api/schemas';
import { aRun } from '../factories';
import { aSweep } from '../sweeps';

/** An in-memory server with sweeps, and the runs of one of them. */
class Server {
  sweeps: SweepSummary[] = [];
  runs: RunRow[] = [];
  fails = '';
  asked: string[] = [];
  readonly opened = new Map<() => Topic, (message: Message) => void>();

  readonly api = {
    sweeps: () => this.answer('sweeps', { sweeps: this.sweeps, unreadable: [] }),
    deleteSweep: (sweep: string) => this.answer(`delete ${sweep}`, undefined),
    request: (sweep: string, verb: Verb) => this.answer(`${verb} ${sweep}`, this.sweeps[0]),
    runs: (_: string, query: { limit: number }) =>
      this.answer(`${query.limit} runs`, {
        rows: [...this.runs].reverse().slice(0, query.limit),
        total: this.runs.length,
        mark: 'first'
      })
  } as unknown as RestAPI;

  readonly socket = {
    changed: new Signal({}),
    lostAt: null,
    retry: () => undefined,
    open: (topic: () => Topic, receive: (message: Message) => void) => {
      this.opened.set(topic, receive);
      return { isDisposed: false, dispose: () => void this.opened.delete(topic) };
    }
  } as unknown as Socket & { changed: Signal<object, void> };

  tell(...changed: SweepSummary[]): void {
    this.emit('sweeps', {
      kind: 'sweeps',
      to: '',
      whole: false,
      changed,
      unreadable: [],
      gone: []
    });
  }

  tellRuns(mark: string, ...rows: RunRow[]): void {
    this.emit('runs', { kind: 'runs', to: '', page: { rows, total: 0, mark }, keys: null });
  }

  get topics(): Topic[] {
    return [...this.opened.keys()].map(topic => topic());
  }

  private emit(topic: string, message: Message): void {
    for (const [open, receive] of this.opened) {
      if (open().topic === topic) {
        receive(message);
      }
    }
  }

  private answer<T>(what: string, value: T): Promise<T> {
    this.asked.push(what);
    return this.fails === '' ? Promise.resolve(value) : Promise.reject(new Error(this.fails));
  }
}

let server: Server;
let model: SweepsModel;
let seen: IStateChange[];

beforeEach(() => {
  server = new Server();
  model = new SweepsModel(server.api, server.socket);
  seen = [];
  model.stateChanged.connect((_, transition) => void seen.push(transition));
});

describe('the model of all sweeps', () => {
  it('lists active sweeps first, then the newest', () => {
    server.tell(
      aSweep('old', { created: 1 }),
      aSweep('new', { created: 3 }),
      aSweep('going', { created: 2, state: 'running' })
    );
    expect(model.sweeps.map(({ id }) => id)).toEqual(['going', 'new', 'old']);
    expect(model.isReady).toBe(true);
  });

  it('reports a state change only if the sweep was known before', () => {
    server.tell(aSweep('a', { state: 'running' }));
    expect(seen).toEqual([]);
    server.tell(aSweep('a', { state: 'running', ended: 2 }));
    expect(seen).toEqual([]);
    server.tell(aSweep('a'));
    expect(seen).toMatchObject([
      { previous: 'running', sweep: { state: 'finished' }, isRequested: false }
    ]);
  });

  it('distinguishes the changes that this page requested', async () => {
    server.tell(aSweep('a', { state: 'running' }));
    server.sweeps = [aSweep('a', { state: 'stopping' })];
    await model.request('a', 'stop', {});
    server.tell(aSweep('a', { state: 'stopped' }));
    server.tell(aSweep('a', { state: 'running' }));
    server.tell(aSweep('a', { state: 'stopped' }));
    expect(seen.map(({ sweep, isRequested }) => [sweep.state, isRequested])).toEqual([
      ['stopping', false],
      ['stopped', true],
      ['running', false],
      ['stopped', false]
    ]);
  });

  it('does not count a refused request', async () => {
    server.tell(aSweep('a', { state: 'running' }));
    server.fails = 'the sweep does not answer';
    await expect(model.request('a', 'pause', {})).rejects.toThrow('does not answer');
    server.tell(aSweep('a', { state: 'paused' }));
    expect(seen.map(({ isRequested }) => isRequested)).toEqual([false]);
  });

  it('shares one request between simultaneous callers', async () => {
    server.sweeps = [aSweep('a')];
    await Promise.all([model.refresh(), model.refresh()]);
    expect(server.asked).toEqual(['sweeps']);
    expect(model.summary('a')).toBeDefined();
    server.sweeps = [];
    await model.refresh();
    expect(model.summary('a')).toBeUndefined();
  });

  it('reports which sweep was deleted on this page', async () => {
    const removed: string[] = [];
    model.sweepDeleted.connect((_, id) => void removed.push(id));
    server.tell(aSweep('a'));
    await model.deleteSweep('a');
    expect([removed, model.sweeps]).toEqual([['a'], []]);
  });

  it('knows which sweeps are watched', () => {
    const watching = [model.watch('a'), model.watch('a')];
    watching[0].dispose();
    expect([model.isWatched('a'), model.isWatched('b')]).toEqual([true, false]);
    watching[1].dispose();
    expect(model.isWatched('a')).toBe(false);
  });
});

describe('the newest runs', () => {
  const numbers = (newest: RecentRunsModel) => newest.rows.map(({ number }) => number);

  it('are updated without loading the others', async () => {
    server.runs = Array.from({ length: 100 }, (_, number) => aRun(number));
    const newest = new RecentRunsModel(model, 'a', 3);
    await vi.waitFor(() => expect(numbers(newest)).toEqual([99, 98, 97]));
    expect(server.asked).toEqual(['3 runs']);
    server.tellRuns('second', aRun(100, { state: 'running' }), aRun(5, { tags: ['old'] }));
    expect(numbers(newest)).toEqual([100, 99, 98]);
    server.tellRuns('third', aRun(100));
    expect(newest.rows[0].state).toBe('finished');
    expect(server.topics.at(-1)).toEqual({ topic: 'runs', sweep: 'a', mark: 'third' });
    newest.dispose();
    expect(server.topics.map(({ topic }) => topic)).toEqual(['sweeps']);
  });

  it('are loaded when the server is back', async () => {
    server.runs = [aRun(0)];
    server.fails = 'nobody is there';
    const newest = new RecentRunsModel(model, 'a', 3);
    await vi.waitFor(() => expect(server.asked).toHaveLength(1));
    server.fails = '';
    await vi.waitFor(() => {
      server.socket.changed.emit();
      expect(numbers(newest)).toEqual([0]);
    });
  });
});
