import { describe, expect, it } from 'vitest';

import { columnsOf } from '../../../../src/models/columns';
import { runsToCsv } from '../../../../src/models/runsCsv';
import { HEADER, moveCell, applyGesture } from '../../../../src/views/sweep/runs/keyboardNav';
import {
  DEFAULT_LAYOUT,
  visibleSlice,
  moveColumn,
  visibleColumns,
  widthOf
} from '../../../../src/views/sweep/runs/tableLayout';
import {
  normalizeOn,
  columnScale,
  ColumnScales
} from '../../../../src/views/sweep/runs/columnScales';
import { aRun, runs } from '../../../factories';

const ids = (columns: readonly { id: string }[]) => columns.map(column => column.id);

describe('the columns shown', () => {
  const columns = columnsOf([aRun(0, { summary: { loss: 1, acc: 2, _step: 3, note: 'x' } })]);

  it('default to the parameters and the metrics besides the objective', () => {
    const shown = ids(visibleColumns(columns, DEFAULT_LAYOUT, 'loss'));
    expect(shown.slice(0, 3)).toEqual(['number', 'state', 'value']);
    expect(shown).toEqual(
      expect.arrayContaining(['params.lr', 'params.optimizer', 'summary.acc', 'duration'])
    );
    for (const hidden of ['summary.loss', 'summary._step', 'summary.note', 'id']) {
      expect(shown).not.toContain(hidden);
    }
  });

  it('are the chosen ones that exist, after the one that identifies runs', () => {
    const layout = { ...DEFAULT_LAYOUT, columns: ['params.lr', 'number', 'params.gone', 'host'] };
    expect(ids(visibleColumns(columns, layout, null))).toEqual(['number', 'params.lr', 'host']);
  });

  it('fit their title, or have the width that the user set', () => {
    const [column] = columns.filter(each => each.id === 'params.lr');
    expect(widthOf(column, 'a title that is rather long', DEFAULT_LAYOUT)).toBe(200);
    expect(widthOf(column, 'lr', { ...DEFAULT_LAYOUT, widths: { 'params.lr': 5 } })).toBe(48);
    expect(widthOf(column, 'lr', { ...DEFAULT_LAYOUT, widths: { 'params.lr': 120 } })).toBe(120);
  });

  it('move by one position, never before the first', () => {
    expect(moveColumn(['number', 'a', 'b'], 'a', 1)).toEqual(['number', 'b', 'a']);
    expect(moveColumn(['number', 'a', 'b'], 'a', -1)).toEqual(['number', 'a', 'b']);
    expect(moveColumn(['number', 'a', 'b'], 'b', 1)).toEqual(['number', 'a', 'b']);
  });

  it('are rendered only if visible', () => {
    expect(visibleSlice([0, 100, 200, 300], 0, 150)).toEqual({ first: 0, end: 2 });
    expect(visibleSlice([0, 100, 200, 300], 250, 600)).toEqual({ first: 2, end: 4 });
    expect(visibleSlice([], 0, 100)).toEqual({ first: 0, end: 0 });
  });
});

describe('the keyboard', () => {
  const size = { rows: 100, columns: 5, page: 20 };

  it('moves between cells, from the header to the last row', () => {
    expect(moveCell('ArrowUp', false, { row: 0, column: 2 }, size)).toEqual({
      row: HEADER,
      column: 2
    });
    expect(moveCell('ArrowDown', false, { row: 99, column: 2 }, size)?.row).toBe(99);
    expect(moveCell('PageDown', false, { row: 5, column: 0 }, size)?.row).toBe(25);
    expect(moveCell('PageUp', false, { row: 5, column: 0 }, size)?.row).toBe(0);
    expect(moveCell('End', true, { row: 5, column: 0 }, size)).toEqual({ row: 99, column: 4 });
    expect(moveCell('Home', false, { row: 5, column: 3 }, size)).toEqual({ row: 5, column: 0 });
  });

  it('ignores other keys, and handles an empty table', () => {
    expect(moveCell('x', false, { row: 0, column: 0 }, size)).toBeNull();
    expect(moveCell('constructor', false, { row: 0, column: 0 }, size)).toBeNull();
    expect(
      moveCell('ArrowDown', false, { row: HEADER, column: 0 }, { rows: 0, columns: 3, page: 1 })
    ).toEqual({ row: HEADER, column: 0 });
  });
});

describe('the selection', () => {
  const rows = runs(5);
  const select = (gesture: 'only' | 'toggle' | 'extend', row: number, anchor: number, of = '') =>
    applyGesture(gesture, rows, row, anchor, new Set(of.split(' ').filter(Boolean)));

  it('follows clicks, with Ctrl and with Shift', () => {
    expect(select('only', 2, 0, 'run00001')).toEqual(['run00002']);
    expect(select('toggle', 2, 0, 'run00001')).toEqual(['run00001', 'run00002']);
    expect(select('toggle', 1, 0, 'run00001')).toEqual([]);
    expect(select('extend', 1, 3)).toEqual(['run00001', 'run00002', 'run00003']);
  });
});

describe('CSV', () => {
  it('quotes where necessary, and keeps all digits', () => {
    const row = aRun(0, {
      name: 'a "b", c\nd',
      value: 0.1 + 0.2,
      params: { lr: 1e-7, text: ' x' },
      summary: { loss: 'NaN' }
    });
    const columns = columnsOf([row]).filter(each =>
      ['name', 'value', 'params.lr', 'params.text', 'summary.loss'].includes(each.id)
    );
    expect(runsToCsv([row], columns)).toBe(
      'name,value,params.lr,params.text,summary.loss\r\n' +
        '"a ""b"", c\nd",0.30000000000000004,1e-7," x",\r\n'
    );
  });
});

describe('the clipboard', () => {
  it('separates values by tabs', () => {
    const row = aRun(3, { name: 'a\tb' });
    const columns = columnsOf([row]).filter(each => ['number', 'name'].includes(each.id));
    expect(runsToCsv([row], columns, '\t')).toBe('number\tname\r\n3\t"a\tb"\r\n');
  });
});

describe('the scale of a column', () => {
  it('spans the least to the greatest value, without outliers', () => {
    expect(columnScale([3, 1, 2], false)).toMatchObject({ low: 1, high: 3 });
    const values = Array.from({ length: 200 }, (_, place) => place);
    expect(columnScale([...values, 1e30], false)?.high).toBeLessThan(200);
    expect(columnScale([NaN, Infinity], false)).toBeNull();
  });

  it('positions values, logarithmically if the parameter is', () => {
    const plain = { low: 0, high: 10, logarithmic: false, digits: 4 };
    expect([-5, 0, 5, 20].map(value => normalizeOn(plain, value))).toEqual([0, 0, 0.5, 1]);
    const log = { low: 1e-4, high: 1, logarithmic: true, digits: 4 };
    expect(normalizeOn(log, 1e-2)).toBeCloseTo(0.5);
    expect(normalizeOn(log, -1)).toBe(0);
    expect(normalizeOn({ ...plain, high: 0 }, 0)).toBeNull();
  });

  it('follows active runs at most once per second', () => {
    const scales = new ColumnScales(() => false);
    const before = scales.of('value', runs(3), 0);
    expect(scales.of('value', runs(9), 500)).toBe(before);
    expect(scales.of('value', runs(9), 1500)?.high).toBe(0.8);
  });
});
