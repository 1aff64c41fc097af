import { describe, expect, it } from 'vitest';

import {
  type IFilter,
  type ISort,
  NO_FILTER,
  filterPredicate
} from '../../../../src/models/columns';
import { StableSort } from '../../../../src/views/sweep/runs/stableSort';
import type { RunRow } from '../../../../src/api/schemas';
import { aRun, runs } from '../../../factories';

const BEST_FIRST: ISort = { column: 'value', descending: true };
const BY_NUMBER: ISort = { column: 'number', descending: false };

function ordering(rows: readonly RunRow[], sort: ISort, filter: IFilter = NO_FILTER) {
  return {
    filteredRuns: rows.filter(row => filterPredicate(filter)?.(row) ?? true),
    find: (id: string) => rows.find(row => row.id === id),
    sort,
    filter,
    isComplete: true
  };
}

const numbers = (order: { rows: readonly RunRow[] }) => order.rows.map(row => row.number);

describe('the order of the table', () => {
  it('is held while values change, and reports that it is stale', () => {
    const order = new StableSort();
    expect(numbers(order.update(ordering(runs(3), BEST_FIRST)))).toEqual([2, 1, 0]);
    const changed = [aRun(0, { value: 9 }), aRun(1), aRun(2)];
    const held = order.update(ordering(changed, BEST_FIRST));
    expect(numbers(held)).toEqual([2, 1, 0]);
    expect(held.rows[2].value).toBe(9);
    expect(held).toMatchObject({ isStale: true, pendingCount: 0 });
    order.release();
    const anew = order.update(ordering(changed, BEST_FIRST));
    expect(numbers(anew)).toEqual([0, 2, 1]);
    expect(anew.isStale).toBe(false);
  });

  it('holds back runs that would push others down, and appends those that belong at the end', () => {
    const order = new StableSort();
    order.update(ordering(runs(3), BEST_FIRST));
    const more = [...runs(3), aRun(3, { value: 0.15 }), aRun(4, { value: null })];
    const held = order.update(ordering(more, BEST_FIRST));
    expect(numbers(held)).toEqual([2, 1, 0, 4]);
    expect(held.pendingCount).toBe(1);
  });

  it('shows every new run at once if new runs come last', () => {
    const order = new StableSort();
    order.update(ordering(runs(3), BY_NUMBER));
    const held = order.update(ordering(runs(6), BY_NUMBER));
    expect(numbers(held)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(held).toMatchObject({ pendingCount: 0, isStale: false });
  });

  it('keeps a run that no longer passes the filter in its position', () => {
    const order = new StableSort();
    const finished: IFilter = { ...NO_FILTER, states: ['finished'] };
    order.update(ordering(runs(3), BY_NUMBER, finished));
    const lost = [aRun(0), aRun(1, { state: 'lost' }), aRun(2)];
    const held = order.update(ordering(lost, BY_NUMBER, finished));
    expect(numbers(held)).toEqual([0, 1, 2]);
    expect([...held.filteredOut]).toEqual(['run00001']);
    order.release();
    expect(numbers(order.update(ordering(lost, BY_NUMBER, finished)))).toEqual([0, 2]);
  });

  it('is recomputed for another column, another filter, and while runs are loading', () => {
    const order = new StableSort();
    order.update(ordering(runs(2), BEST_FIRST));
    expect(numbers(order.update(ordering(runs(3), BY_NUMBER)))).toEqual([0, 1, 2]);
    const adam = { ...NO_FILTER, text: 'adam' };
    expect(numbers(order.update(ordering(runs(3), BY_NUMBER, adam)))).toEqual([1]);
    const arriving = new StableSort();
    arriving.update({ ...ordering(runs(2), BEST_FIRST), isComplete: false });
    expect(numbers(arriving.update(ordering(runs(3), BEST_FIRST)))).toEqual([2, 1, 0]);
  });

  it('stays the same object while nothing changes', () => {
    const order = new StableSort();
    const asked = ordering(runs(2), BEST_FIRST);
    expect(order.update({ ...asked })).toBe(order.update({ ...asked }));
  });
});
