import { describe, expect, it } from 'vitest';

import { makeScale } from '../../src/charts/scale';
import { readingOrder, nearestPoint, toPoints } from '../../src/charts/points';
import { columnsOf, cellReader } from '../../src/models/columns';
import {
  choosePlotColumns,
  DEFAULT_SETTINGS,
  importanceQueryOf
} from '../../src/views/sweep/importance/importanceSettings';
import { aRun, runs } from '../factories';

function axis(column: string, rows: ReturnType<typeof runs>) {
  const scale = makeScale(rows.map(cellReader(column)), column === 'params.lr', 0);
  if (scale === null) {
    throw new Error(`no value in ${column}`);
  }
  return { column, scale };
}

type Axis = ReturnType<typeof axis>;

function pointsOf(rows: ReturnType<typeof runs>, x: Axis, y: Axis) {
  const [readX, readY] = [cellReader(x.column), cellReader(y.column)];
  const data = rows.map(row => ({
    id: row.id,
    number: row.number,
    x: readX(row),
    y: readY(row),
    value: row.value,
    color: 'red',
    shape: 'dot' as const
  }));
  return toPoints(data, x.scale, y.scale);
}

describe('points', () => {
  it('are positioned by their values; runs without one are counted', () => {
    const rows = [...runs(3), aRun(3, { value: null, params: { lr: 1e-2 } })];
    const points = pointsOf(rows, axis('params.lr', rows), axis('value', rows));
    expect(points.data).toHaveLength(3);
    expect(points.omittedCount).toBe(1);
    expect([...points.x]).toEqual([1, 0.5, 0]);
    expect([...points.y]).toEqual([0, 0.5, 1]);
  });

  it('are jittered if many share a category', () => {
    const rows = runs(100);
    const points = pointsOf(rows, axis('params.optimizer', rows), axis('value', rows));
    const adam = [...points.x].filter((_, index) => points.data[index].number % 2 === 1);
    expect(new Set(adam).size).toBeGreaterThan(40);
    expect(Math.max(...adam)).toBeLessThan(0.5);
    expect(Math.min(...adam)).toBeGreaterThan(0);
  });

  it('are found near the pointer, by distance in pixels', () => {
    const rows = runs(3);
    const points = pointsOf(rows, axis('number', rows), axis('value', rows));
    const size = { width: 1000, height: 100 };
    expect(nearestPoint(points, { x: 0.505, y: 0.5 }, size, 10)).toBe(1);
    expect(nearestPoint(points, { x: 0.52, y: 0.5 }, size, 10)).toBe(-1);
  });

  it('are visited from left to right', () => {
    const rows = runs(3);
    const points = pointsOf(rows, axis('params.lr', rows), axis('value', rows));
    expect(readingOrder(points)).toEqual([2, 1, 0]);
  });
});

describe('the importance to ask for', () => {
  it('is the one that other plots use, unless something else is chosen', () => {
    expect(importanceQueryOf(DEFAULT_SETTINGS, '')).toEqual({});
    expect(importanceQueryOf({ ...DEFAULT_SETTINGS, quantile: 0.1 }, 'acc')).toEqual({
      metric: 'acc',
      quantile: 0.1
    });
    const fanova = { ...DEFAULT_SETTINGS, evaluator: 'fanova', quantile: 0.1 };
    expect(importanceQueryOf(fanova, '')).toEqual({ evaluator: 'fanova' });
    const damaged = { ...DEFAULT_SETTINGS, evaluator: 'gone', quantile: 7 };
    expect(importanceQueryOf(damaged, '')).toEqual({});
  });
});

describe('the columns of the plot', () => {
  const columns = columnsOf(runs(2));
  const important = ['params.optimizer', 'params.lr'];

  it('default to the most important parameter and the objective', () => {
    expect(choosePlotColumns(DEFAULT_SETTINGS, columns, important)).toMatchObject({
      view: 'slice',
      x: 'params.optimizer',
      y: 'value'
    });
    expect(choosePlotColumns(DEFAULT_SETTINGS, columns, []).x).toBe('params.lr');
  });

  it('are two different parameters in a contour', () => {
    const settings = { ...DEFAULT_SETTINGS, view: 'contour', x: 'params.lr', second: 'params.lr' };
    expect(choosePlotColumns(settings, columns, important)).toMatchObject({
      x: 'params.lr',
      y: 'params.optimizer'
    });
  });

  it('can be any in a scatter plot', () => {
    const settings = { ...DEFAULT_SETTINGS, view: 'scatter', x: 'summary.loss', y: 'duration' };
    expect(choosePlotColumns(settings, columns, important)).toMatchObject({
      x: 'summary.loss',
      y: 'duration'
    });
  });

  it('are null without parameters', () => {
    const bare = columnsOf([aRun(0, { params: {} })]);
    expect(choosePlotColumns(DEFAULT_SETTINGS, bare, []).x).toBeNull();
    expect(choosePlotColumns({ ...DEFAULT_SETTINGS, view: 'nonsense' }, bare, []).view).toBe(
      'slice'
    );
  });
});
