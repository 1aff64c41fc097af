import { describe, expect, it } from 'vitest';

import { NO_FILTER, sortRuns } from '../../src/models/columns';
import { RunStore } from '../../src/models/runStore';
import { aRun, runs } from '../factories';
import { costRatio } from '../cost';

const ids = (rows: readonly { id: string }[]) => rows.map(row => row.id);

describe('rows', () => {
  it('are in order of number and attempt, whatever order they arrive in', () => {
    const rows = new RunStore();
    const retry = aRun(1, { id: 'retry', attempt: 1 });
    rows.merge([aRun(2), retry]);
    rows.merge([aRun(0), aRun(1)]);
    expect(ids(rows.all)).toEqual(['run00000', 'run00001', 'retry', 'run00002']);
    expect(rows.get('retry')).toBe(retry);
  });

  it('are replaced in place, in a new array', () => {
    const rows = new RunStore();
    rows.merge(runs(3));
    const before = rows.all;
    rows.merge([aRun(1, { state: 'failed' })]);
    expect(rows.all).not.toBe(before);
    expect(rows.all[1].state).toBe('failed');
    expect(rows.all[2]).toBe(before[2]);
    expect(before[1].state).toBe('finished');
  });

  it('stay the same array while nothing arrives', () => {
    const rows = new RunStore();
    rows.merge(runs(3));
    const before = rows.all;
    rows.merge([]);
    expect(rows.all).toBe(before);
    expect(rows.filtered(NO_FILTER)).toBe(before);
  });

  it('are filtered again if they or the filter have changed', () => {
    const rows = new RunStore();
    rows.merge(runs(4));
    const failed = { ...NO_FILTER, states: ['failed' as const] };
    expect(rows.filtered(failed)).toEqual([]);
    rows.merge([aRun(2, { state: 'failed' })]);
    expect(ids(rows.filtered(failed))).toEqual(['run00002']);
    expect(rows.filtered(failed)).toBe(rows.filtered(failed));
    expect(rows.filtered({ ...failed, states: [] })).toHaveLength(4);
  });

  it('are the selected ones if there are any', () => {
    const rows = new RunStore();
    rows.merge(runs(4));
    const selection = ['run00001', 'run00002', 'gone'];
    expect(ids(rows.active(NO_FILTER, selection))).toEqual(['run00001', 'run00002']);
    expect(rows.active(NO_FILTER, selection)).toBe(rows.active(NO_FILTER, selection));
    const text = { ...NO_FILTER, text: 'sgd' };
    expect(ids(rows.active(text, selection))).toEqual(['run00002']);
    expect(rows.active(text, [])).toBe(rows.filtered(text));
    rows.merge([aRun(2, { state: 'failed' })]);
    expect(rows.active(text, selection)[0].state).toBe('failed');
  });

  it('are cheap to update if little changes', () => {
    const rows = new RunStore();
    rows.merge(runs(10_000));
    const filter = { ...NO_FILTER, text: 'adam' };
    expect(rows.filtered(filter)).toHaveLength(5000);
    let change = 0;
    const update = () => {
      rows.merge([aRun(9_999, { value: (change += 1) })]);
      rows.filtered(filter);
    };
    const build = () => {
      const afresh = new RunStore();
      afresh.merge(runs(10_000));
      afresh.filtered(filter);
    };
    // What it takes to sort, filter and search for columns in full is the measure.
    expect(costRatio(update, build)).toBeLessThan(0.3);
  });
});

describe('runs that the user has hidden or pinned', () => {
  it('are left out, or come first in any order', () => {
    const store = new RunStore();
    const numbers = (rows: readonly { number: number }[]) => rows.map(row => row.number);
    store.merge([aRun(0), aRun(1, { hidden: true }), aRun(2, { pinned: true })]);
    expect(numbers(store.filtered(NO_FILTER))).toEqual([0, 2]);
    expect(numbers(store.filtered(NO_FILTER, true))).toEqual([0, 1, 2]);
    const shown = store.filtered(NO_FILTER);
    expect(store.filtered(NO_FILTER)).toBe(shown);
    for (const descending of [false, true]) {
      const rest = descending ? [1, 0] : [0, 1];
      expect(numbers(sortRuns(store.all, { column: 'value', descending }))).toEqual([2, ...rest]);
    }
    store.merge([aRun(1)]);
    expect(numbers(store.filtered(NO_FILTER))).toEqual([0, 1, 2]);
  });
});
