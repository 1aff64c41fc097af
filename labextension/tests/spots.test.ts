import { describe, expect, it } from 'vitest';

import { scaleFor } from '../src/charts/scale';
import { inOrder, pointAt, pointsOf } from '../src/charts/spots';
import { columnsOf, reader } from '../src/columns';
import { chosenColumns, FIRST_SETTINGS } from '../src/panel/sweep/importance/settings';
import { aRun, runs } from './runs';

function axis(column: string, rows: ReturnType<typeof runs>) {
  const scale = scaleFor(rows.map(reader(column)), column === 'params.lr', 0);
  if (scale === null) {
    throw new Error(`no value in ${column}`);
  }
  return { column, scale };
}

describe('points', () => {
  it('lie where their values are; runs without one are counted', () => {
    const rows = [...runs(3), aRun(3, { value: null, params: { lr: 1e-2 } })];
    const points = pointsOf(rows, axis('params.lr', rows), axis('value', rows));
    expect(points.rows).toHaveLength(3);
    expect(points.left).toBe(1);
    expect([...points.x]).toEqual([1, 0.5, 0]);
    expect([...points.y]).toEqual([0, 0.5, 1]);
  });

  it('stand side by side where many share a category', () => {
    const rows = runs(100);
    const points = pointsOf(rows, axis('params.optimizer', rows), axis('value', rows));
    const adam = [...points.x].filter((_, index) => points.rows[index].number % 2 === 1);
    expect(new Set(adam).size).toBeGreaterThan(40);
    expect(Math.max(...adam)).toBeLessThan(0.5);
    expect(Math.min(...adam)).toBeGreaterThan(0);
  });

  it('are found near the pointer, in pixels', () => {
    const rows = runs(3);
    const points = pointsOf(rows, axis('number', rows), axis('value', rows));
    const size = { width: 1000, height: 100 };
    expect(pointAt(points, { x: 0.505, y: 0.5 }, size, 10)).toBe(1);
    expect(pointAt(points, { x: 0.52, y: 0.5 }, size, 10)).toBe(-1);
  });

  it('are passed from left to right', () => {
    const rows = runs(3);
    const points = pointsOf(rows, axis('params.lr', rows), axis('value', rows));
    expect(inOrder(points)).toEqual([2, 1, 0]);
  });
});

describe('the columns of the plot', () => {
  const columns = columnsOf(runs(2));
  const important = ['params.optimizer', 'params.lr'];

  it('are the most important parameter and the objective at first', () => {
    expect(chosenColumns(FIRST_SETTINGS, columns, important)).toMatchObject({
      view: 'slice',
      x: 'params.optimizer',
      y: 'value'
    });
    expect(chosenColumns(FIRST_SETTINGS, columns, []).x).toBe('params.lr');
  });

  it('are two parameters in a contour, never the same twice', () => {
    const settings = { ...FIRST_SETTINGS, view: 'contour', x: 'params.lr', second: 'params.lr' };
    expect(chosenColumns(settings, columns, important)).toMatchObject({
      x: 'params.lr',
      y: 'params.optimizer'
    });
  });

  it('can be any in a scatter plot', () => {
    const settings = { ...FIRST_SETTINGS, view: 'scatter', x: 'summary.loss', y: 'duration' };
    expect(chosenColumns(settings, columns, important)).toMatchObject({
      x: 'summary.loss',
      y: 'duration'
    });
  });

  it('are none without parameters', () => {
    const bare = columnsOf([aRun(0, { params: {} })]);
    expect(chosenColumns(FIRST_SETTINGS, bare, []).x).toBeNull();
    expect(chosenColumns({ ...FIRST_SETTINGS, view: 'nonsense' }, bare, []).view).toBe('slice');
  });
});
