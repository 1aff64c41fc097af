import { describe, expect, it } from 'vitest';

import {
  isSorted,
  cellValue,
  ColumnRegistry,
  columnsOf,
  flattenKeys,
  type IFilter,
  isNone,
  NO_FILTER,
  NONE_VALUE,
  matchesFilter,
  sortRuns,
  withRange
} from '../../src/models/columns';
import { runsToCsv } from '../../src/models/runsCsv';
import { definingParams } from '../../src/views/run/header/definingParams';
import {
  compareRuns,
  differenceText,
  nonFiniteCell
} from '../../src/views/sweep/compare/comparison';
import { aRun, runs } from '../factories';

const names = (rows: { number: number }[]) => rows.map(row => row.number);
const filter = (changes: Partial<IFilter>): IFilter => ({ ...NO_FILTER, ...changes });

describe('columns', () => {
  it('are the common ones, then parameters, then the summary', () => {
    const groups = columnsOf(runs(3)).map(column => column.group);
    expect(groups.filter(group => group !== 'run')).toEqual(['params', 'params', 'summary']);
    expect(groups.indexOf('params')).toBeGreaterThan(groups.lastIndexOf('run'));
  });

  it('are numeric if every run has a number, none, or one that JSON cannot represent', () => {
    const rows = [
      aRun(0, { params: { a: 1, b: 1, c: null }, summary: { loss: 'NaN' } }),
      aRun(1, { params: { a: null, b: 'x' }, summary: { loss: 2 } })
    ];
    const numeric = Object.fromEntries(columnsOf(rows).map(each => [each.id, each.numeric]));
    expect(numeric).toMatchObject({
      'params.a': true,
      'params.b': false,
      'params.c': true,
      'summary.loss': true
    });
  });

  it('stay the same array until a run adds a key', () => {
    const columns = new ColumnRegistry();
    columns.add(aRun(0));
    const before = columns.all;
    columns.add(aRun(1));
    expect(columns.all).toBe(before);
    columns.add(aRun(2, { params: { depth: 3 } }));
    expect(columns.all.map(each => each.id)).toContain('params.depth');
  });
});

describe('nested parameters', () => {
  it('have dotted keys; lists, empty objects and null are values', () => {
    const params = { lr: 0.1, net: { depth: 3, act: { name: 'relu', args: {} } }, sizes: [1, 2] };
    expect(flattenKeys({ ...params, none: null, 'a.b': { c: false } })).toEqual([
      ['lr', 0.1],
      ['net.depth', 3],
      ['net.act.name', 'relu'],
      ['net.act.args', {}],
      ['sizes', [1, 2]],
      ['none', null],
      ['a.b.c', false]
    ]);
  });
});

describe('a cell', () => {
  it('reads keys that contain dots', () => {
    expect(cellValue(aRun(0, { summary: { 'val.loss': 3 } }), 'summary.val.loss')).toBe(3);
  });

  it('is empty if its number is not finite', () => {
    expect(cellValue(aRun(0, { summary: { loss: 'NaN' } }), 'summary.loss')).toBeNull();
  });

  it('shows lists and objects as text', () => {
    expect(cellValue(aRun(0, { params: { layers: [8, 4] } }), 'params.layers')).toBe('[8,4]');
  });

  it('computes the duration of an active run up to now', () => {
    const started = Date.now() / 1000 - 60;
    expect(cellValue(aRun(0, { started, ended: null }), 'duration')).toBeCloseTo(60, 0);
    expect(cellValue(aRun(0, { started: null }), 'duration')).toBeNull();
  });
});

describe('a filter', () => {
  it('requires all its words, in any position', () => {
    expect(matchesFilter(aRun(7), filter({ text: 'ADAM wave-7' }))).toBe(true);
    expect(matchesFilter(aRun(8), filter({ text: 'adam wave-8' }))).toBe(false);
    expect(
      matchesFilter(aRun(7, { failure: 'ValueError: no' }), filter({ text: 'valueerror' }))
    ).toBe(true);
  });

  it('excludes runs without a number in a range, which includes its ends', () => {
    const ranges = { value: { low: 0.1, high: 0.3 } };
    expect(names(runs(6).filter(row => matchesFilter(row, filter({ ranges }))))).toEqual([
      1, 2, 3
    ]);
    expect(matchesFilter(aRun(2, { value: null }), filter({ ranges }))).toBe(false);
  });

  it('passes the chosen values and states', () => {
    const ranges = { 'params.optimizer': { values: ['adam'] } };
    expect(names(runs(5).filter(row => matchesFilter(row, filter({ ranges }))))).toEqual([1, 3]);
    expect(
      matchesFilter(aRun(0, { state: 'failed' }), filter({ states: ['failed', 'lost'] }))
    ).toBe(true);
    expect(matchesFilter(aRun(0), filter({ states: ['failed'] }))).toBe(false);
  });

  it('has one condition per column, which can be replaced and removed', () => {
    const first = withRange(NO_FILTER, 'params.lr', { low: 0, high: 1 });
    const both = withRange(first, 'name', { values: ['a'] });
    expect(withRange(both, 'params.lr', { low: 0, high: 2 }).ranges).toEqual({
      'params.lr': { low: 0, high: 2 },
      name: { values: ['a'] }
    });
    expect(withRange(both, 'name', null)).toEqual(first);
    expect(withRange(NO_FILTER, 'name', null)).toEqual(NO_FILTER);
  });
});

describe('sorting', () => {
  it('puts runs without a value last in either direction', () => {
    const rows = [aRun(0, { value: null }), aRun(1, { value: 3 }), aRun(2, { value: 5 })];
    expect(names(sortRuns(rows, { column: 'value', descending: false }))).toEqual([1, 2, 0]);
    expect(names(sortRuns(rows, { column: 'value', descending: true }))).toEqual([2, 1, 0]);
  });

  it('is recognized', () => {
    const sort = { column: 'value', descending: true };
    const rows = sortRuns([...runs(5), aRun(5, { value: null })], sort);
    expect(isSorted(rows, sort)).toBe(true);
    expect(isSorted([...rows, aRun(9)], sort)).toBe(false);
    expect(isSorted([], sort)).toBe(true);
  });

  it('keeps equal runs in order of number, and sorts numbers in texts by value', () => {
    const rows = [10, 9, 1].map(number => aRun(number, { host: `node${number % 9}` }));
    expect(names(sortRuns(rows, { column: 'host', descending: false }))).toEqual([9, 1, 10]);
    expect(names(sortRuns(rows, { column: 'name', descending: false }))).toEqual([1, 9, 10]);
  });
});

describe('a parameter that is None', () => {
  const none = aRun(0, { params: { lr: null } });
  const missing = aRun(1, { params: {} });
  const [column] = columnsOf([none]).filter(({ id }) => id === 'params.lr');

  it('is not a missing one, in the table, the comparison, a filter and a file', () => {
    expect([none, missing].map(row => isNone(row, 'params.lr'))).toEqual([true, false]);
    expect([none, missing].map(row => nonFiniteCell(row, column))).toEqual(['None', null]);
    const { differing, same } = compareRuns([none, missing], [column]);
    expect([differing.map(({ values }) => values), same]).toEqual([[['None', null]], []]);
    const passing = (value: string) => {
      const filter = withRange(NO_FILTER, 'params.lr', { values: [value] });
      return [none, missing].filter(row => matchesFilter(row, filter));
    };
    expect([passing(NONE_VALUE), passing('null')]).toEqual([[none], [missing]]);
    expect(runsToCsv([none, missing], [column])).toBe('params.lr\r\nNone\r\n\r\n');
    expect(definingParams(none)).toEqual([['lr', 'None']]);
  });
});

describe('the difference from the baseline', () => {
  it.each([
    [0.5, 0.25, '+0.25'],
    [0.25, 0.5, '−0.25'],
    [1, 1, '±0'],
    [null, 1, ''],
    [1, 'adam', '']
  ])('of %j and %j is %j', (value, baseline, text) => {
    expect(differenceText(value, baseline, 4)).toBe(text);
  });
});
