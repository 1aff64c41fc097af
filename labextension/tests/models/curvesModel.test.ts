import { Signal } from '@lumino/signaling';
import { describe, expect, it, vi } from 'vitest';

import { applyPatch, CurvesModel } from '../../src/models/curvesModel';
import type { ICurveSource } from '../../src/models/zoomLoader';
import { visibleRuns, MAX_VISIBLE } from '../../src/views/sweep/curves/visibleCurves';
import { selectKeys, drawableKeys, toggle } from '../../src/views/sweep/curves/curvesSettings';
import { toggleSelection } from '../../src/views/sweep/selectRun';
import type { Curve, CurvesTopic, Message, Topic } from '../../src/api/schemas';
import { aRun, runs } from '../factories';

function aCurve(run: string, key: string, changes: Partial<Curve> = {}): Curve {
  return { run, key, start: 0, x: [0, 1], low: [1, 2], high: null, ...changes };
}

/** In `long`, ten points represent a thousand. */
const COARSE = {
  x: [0, 100, 200, 300, 400, 500, 600, 700, 800, 900],
  low: new Array<number>(10).fill(-1),
  high: new Array<number>(10).fill(1)
};

/** A server of curves: every run has logged every key except `never`. */
class Server {
  readonly asked: { keys: readonly string[]; runs: readonly string[] }[] = [];
  readonly open = new Map<number, { topic: CurvesTopic; receive: (message: Message) => void }>();
  failing = '';

  api: ICurveSource['api'] = {
    curves: async (_, { keys, runs, first, last }) => {
      this.asked.push({ keys, runs });
      await Promise.resolve();
      if (this.failing !== '') {
        throw new Error(this.failing);
      }
      if (first !== undefined && last !== undefined) {
        const x = Array.from({ length: last - first + 1 }, (_, index) => first + index);
        return { curves: runs.map(run => aCurve(run, 'long', { x, low: x })) };
      }
      const logged = keys.filter(key => key !== 'never');
      return {
        curves: runs.flatMap(run =>
          logged.map(key => aCurve(run, key, key === 'long' ? COARSE : {}))
        )
      };
    }
  };

  readonly socket = {
    lostAt: null as number | null,
    changed: new Signal<object, void>(this),
    open: (topic: () => Topic, receive: (message: Message) => void) => {
      const id = ++this._count;
      this.open.set(id, { topic: topic() as CurvesTopic, receive });
      return { isDisposed: false, dispose: () => void this.open.delete(id) };
    }
  };

  send(...curves: Curve[]): void {
    for (const { receive } of [...this.open.values()]) {
      receive({ kind: 'curves', to: '1', curves });
    }
  }

  private _count = 0;
}

const ended = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `run${index}`, ended: true }));

async function settled(model: CurvesModel): Promise<void> {
  await vi.waitFor(() => expect(model.isLoading).toBe(false));
}

describe('curves', () => {
  it('of ended runs are fetched once, in batches', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    const wanted = { keys: ['loss', 'acc', 'never'], runs: ended(120), axis: 'step' as const };
    model.setSelection(wanted);
    expect(model.isLoading).toBe(true);
    await settled(model);
    expect(Math.max(...server.asked.map(each => each.keys.length * each.runs.length))).toBe(99);
    expect(new Set(server.asked.flatMap(each => each.runs)).size).toBe(120);
    expect(model.get('step', 'run119', 'acc')?.low).toEqual([1, 2]);
    expect(model.get('step', 'run0', 'never')).toBeNull();
    const before = server.asked.length;
    model.setSelection(null);
    model.setSelection(wanted);
    await settled(model);
    expect(server.asked).toHaveLength(before);
    expect(server.open.size).toBe(0);
  });

  it('are loaded for more keys than fit into one response', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    const keys = Array.from({ length: 250 }, (_, index) => `key${index}`);
    model.setSelection({ keys, runs: ended(2), axis: 'time' });
    await settled(model);
    expect(model.get('time', 'run1', 'key249')).not.toBeNull();
    expect(model.get('step', 'run1', 'key249')).toBeNull();
  });

  it('of active runs are followed, and fetched once these have ended', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    const wanted = { keys: ['loss'], axis: 'step' as const };
    model.setSelection({ ...wanted, runs: [{ id: 'a', ended: false }] });
    expect([...server.open.values()].map(each => each.topic)).toMatchObject([
      { topic: 'curves', sweep: 'sweep', keys: ['loss'], runs: ['a'], axis: 'step' }
    ]);
    server.send(aCurve('a', 'loss'));
    server.send(aCurve('a', 'loss', { start: 1, x: [1, 2], low: [5, 6] }));
    expect(model.get('step', 'a', 'loss')).toMatchObject({ x: [0, 1, 2], low: [1, 5, 6] });
    expect(server.asked).toHaveLength(0);
    model.setSelection({ ...wanted, runs: [{ id: 'a', ended: true }] });
    // The partial curve stays until the complete one has been loaded.
    expect(model.get('step', 'a', 'loss')?.low).toEqual([1, 5, 6]);
    await settled(model);
    expect(server.open.size).toBe(0);
    expect(model.get('step', 'a', 'loss')?.low).toEqual([1, 2]);
  });

  it('of a run that is resumed are followed again', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    const wanted = { keys: ['loss'], axis: 'step' as const };
    model.setSelection({ ...wanted, runs: [{ id: 'a', ended: true }] });
    await settled(model);
    model.setSelection({ ...wanted, runs: [{ id: 'a', ended: false }] });
    server.send(aCurve('a', 'loss'));
    server.send(aCurve('a', 'loss', { start: 2, x: [2], low: [7] }));
    expect(model.get('step', 'a', 'loss')?.low).toEqual([1, 2, 7]);
  });

  it('are reloaded if a part is missing in between', () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    model.setSelection({ keys: ['loss'], runs: [{ id: 'a', ended: false }], axis: 'step' });
    const [before] = server.open.keys();
    server.send(aCurve('a', 'loss', { start: 7 }));
    expect([...server.open.keys()]).not.toContain(before);
    expect(server.open.size).toBe(1);
  });

  it('report why they are missing, and are retried on request', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    server.failing = 'the store is locked';
    model.setSelection({ keys: ['loss'], runs: ended(1), axis: 'step' });
    await vi.waitFor(() => expect(model.problem).toBe('the store is locked'));
    expect(server.asked).toHaveLength(1);
    expect(model.isLoading).toBe(false);
    server.failing = '';
    model.retry();
    await settled(model);
    expect(model.get('step', 'run0', 'loss')).not.toBeNull();
  });

  it('are finer in the zoomed range, and restored afterwards', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    const wanted = { keys: ['long'], runs: ended(2), axis: 'step' as const };
    model.setSelection(wanted);
    await settled(model);
    const whole = model.get('step', 'run1', 'long');
    model.setSelection({ ...wanted, zoom: [249.5, 399.2] });
    expect(model.get('step', 'run1', 'long')).toBe(whole);
    await vi.waitFor(() => expect(model.get('step', 'run1', 'long')).not.toBe(whole));
    const near = model.get('step', 'run1', 'long');
    expect(near?.x.slice(0, 5)).toEqual([0, 100, 200, 249, 250]);
    expect(near?.x.slice(-6)).toEqual([400, 500, 600, 700, 800, 900]);
    expect([near?.low[4], near?.high?.[4]]).toEqual([250, 250]);
    // The same response to the same request.
    expect(model.get('step', 'run1', 'long')).toBe(near);
    model.setSelection(wanted);
    expect(model.get('step', 'run1', 'long')).toBe(whole);
  });

  it('with full resolution are not fetched again by a zoom', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    const wanted = { keys: ['loss'], runs: ended(1), axis: 'step' as const };
    model.setSelection(wanted);
    await settled(model);
    vi.useFakeTimers();
    model.setSelection({ ...wanted, zoom: [0, 1] });
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect(server.asked).toHaveLength(1);
  });

  it('that failed to load are fetched when the connection is back', async () => {
    const server = new Server();
    const model = new CurvesModel(server, 'sweep');
    server.failing = 'unreachable';
    model.setSelection({ keys: ['loss'], runs: ended(1), axis: 'step' });
    await vi.waitFor(() => expect(model.problem).toBe('unreachable'));
    server.failing = '';
    server.socket.lostAt = 5;
    server.socket.changed.emit();
    expect(server.asked).toHaveLength(1);
    server.socket.lostAt = null;
    server.socket.changed.emit();
    await settled(model);
    expect(model.get('step', 'run0', 'loss')).not.toBeNull();
  });

  it('are joined where a new part starts', () => {
    const curve = aCurve('a', 'loss', { x: [0, 1, 2], low: [1, 2, 3] });
    expect(applyPatch(curve, aCurve('a', 'loss'))).toMatchObject({ x: [0, 1] });
    expect(applyPatch(null, aCurve('a', 'loss', { start: 1 }))).toBeNull();
    const ranged = applyPatch(
      curve,
      aCurve('a', 'loss', { start: 2, x: [2], low: [0], high: [9] })
    );
    expect(ranged).toMatchObject({ start: 0, low: [1, 2, 0], high: [1, 2, 9] });
  });
});

describe('the drawn runs', () => {
  it('are all that have started, if they are few', () => {
    const rows = [...runs(3), aRun(3, { started: null })];
    expect(visibleRuns(rows, false)).toMatchObject({ total: 3 });
    expect(visibleRuns(rows, false).runs).toHaveLength(3);
  });

  it('are the best and the newest of many, in order', () => {
    const rows = runs(1000).map(row => ({
      ...row,
      value: row.number % 7 === 3 ? null : row.number
    }));
    for (const maximize of [false, true]) {
      const { runs: drawn, total } = visibleRuns(rows, maximize);
      const numbers = drawn.map(row => row.number);
      expect(total).toBe(1000);
      expect(numbers).toHaveLength(MAX_VISIBLE);
      expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
      expect(numbers).toContain(999);
      expect(numbers.includes(0)).toBe(!maximize);
    }
  });
});

describe('the shown keys', () => {
  it('start with the objective, without those of W&B itself', () => {
    expect(drawableKeys(['_step', 'acc', 'loss'], 'loss')).toEqual(['loss', 'acc']);
    expect(drawableKeys(['acc', 'loss'], null)).toEqual(['acc', 'loss']);
    expect(drawableKeys(['acc'], 'loss')).toEqual(['acc']);
  });

  it('are all of them if no existing one was chosen', () => {
    expect(selectKeys(['a', 'b', 'c'], ['c', 'a'])).toEqual(['a', 'c']);
    expect(selectKeys(['a', 'b'], ['gone'])).toEqual(['a', 'b']);
    expect(toggle(['a'], 'b')).toEqual(['a', 'b']);
    expect(toggle(['a', 'b'], 'a')).toEqual(['b']);
  });
});

describe('a picked run', () => {
  it('becomes the only one selected, is added, or is deselected', () => {
    expect(toggleSelection(['a', 'b'], 'a', false)).toEqual(['a']);
    expect(toggleSelection(['a'], 'a', false)).toEqual([]);
    expect(toggleSelection(['a'], 'b', true)).toEqual(['a', 'b']);
    expect(toggleSelection(['a', 'b'], 'a', true)).toEqual(['b']);
  });
});
