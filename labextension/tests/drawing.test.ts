import { expect, test } from 'vitest';

import { drawingOf, nearestMark } from '../src/panel/run/charts/drawing';
import type { Chart } from '../src/wire';

function chart(kind: string, fields: Record<string, string>, texts = {}): Chart {
  return { key: 'key', kind, fields, texts };
}

const XY = {
  columns: ['a', 'b', 'c'],
  rows: [
    [2, 20, 'one'],
    [1, 10, 'two'],
    [3, 5, 'one']
  ]
};

test('a line joins its points in the order of x, group by group', () => {
  const plain = drawingOf(chart('wandb/line/v0', { x: 'a', y: 'b' }), XY);
  expect(plain?.form).toBe('lines');
  expect(plain?.marks.map(mark => [mark.x, mark.y])).toEqual([
    [1, 10],
    [2, 20],
    [3, 5]
  ]);
  expect(plain?.groups).toEqual([]);
  expect(plain?.x).toMatchObject({ title: 'a', scale: { kind: 'linear', low: 1, high: 3 } });
  const grouped = drawingOf(chart('wandb/line/v0', { x: 'a', y: 'b', stroke: 'c' }), XY);
  expect(grouped?.groups).toEqual(['one', 'two']);
  expect(grouped?.marks.map(mark => [mark.group, mark.x])).toEqual([
    [0, 2],
    [0, 3],
    [1, 1]
  ]);
  expect(grouped?.told(grouped.marks[2])).toEqual([
    ['a', 1],
    ['two', 10]
  ]);
});

test('a series names its lines, a curve keeps the order of its points', () => {
  const series = drawingOf(
    chart(
      'wandb/lineseries/v0',
      { step: 'step', lineKey: 'lineKey', lineVal: 'lineVal' },
      { xname: 'epoch' }
    ),
    {
      columns: ['step', 'lineKey', 'lineVal'],
      rows: [
        [1, 'p', 2],
        [0, 'p', 1],
        [0, 'q', 3]
      ]
    }
  );
  expect(series?.x.title).toBe('epoch');
  expect(series?.groups).toEqual(['p', 'q']);
  expect(series?.marks.map(mark => mark.y)).toEqual([1, 2, 3]);
  const curve = drawingOf(
    chart(
      'wandb/area-under-curve/v0',
      { x: 'recall', y: 'precision', class: 'class' },
      { 'x-axis-title': 'Recall' }
    ),
    {
      columns: ['class', 'precision', 'recall'],
      rows: [
        ['a', 0.5, 1],
        ['a', 1, 0.5]
      ]
    }
  );
  expect(curve?.marks.map(mark => mark.x)).toEqual([1, 0.5]);
  expect([curve?.x.title, curve?.y.title]).toEqual(['Recall', 'precision']);
});

test('bars stand in the order of the table, on the ground', () => {
  const bars = drawingOf(chart('wandb/bar/v0', { label: 'c', value: 'a' }), XY);
  expect(bars?.x.scale).toEqual({ kind: 'category', values: ['one', 'two', 'one'] });
  expect(bars?.y.scale).toMatchObject({ low: 0, high: 3 });
});

test('values are counted into bins, each of them once', () => {
  const rows = Array.from({ length: 100 }, (_, index) => [index]);
  const bins = drawingOf(chart('wandb/histogram/v0', { value: 'a' }), { columns: ['a'], rows });
  expect(bins?.form).toBe('bins');
  expect(bins?.marks).toHaveLength(10);
  expect(bins?.marks.reduce((sum, mark) => sum + mark.y, 0)).toBe(100);
  const same = drawingOf(chart('wandb/histogram/v0', { value: 'a' }), {
    columns: ['a'],
    rows: [[3], [3]]
  });
  expect(same?.marks.reduce((sum, mark) => sum + mark.y, 0)).toBe(2);
});

test('a confusion matrix has its first class at the left and at the top', () => {
  const matrix = drawingOf(
    chart('wandb/confusion_matrix/v1', { Actual: 'A', Predicted: 'P', nPredictions: 'n' }),
    {
      columns: ['A', 'P', 'n'],
      rows: [
        ['x', 'x', 5],
        ['x', 'y', 1],
        ['y', 'x', 2],
        ['y', 'y', 7]
      ]
    }
  );
  expect(matrix?.x.scale).toEqual({ kind: 'category', values: ['x', 'y'] });
  expect(matrix?.y.scale).toEqual({ kind: 'category', values: ['y', 'x'] });
  expect(matrix?.marks[1]).toMatchObject({ x: 1, y: 1, count: 1 });
  expect(matrix?.told(matrix.marks[2])).toEqual([
    ['A', 'y'],
    ['P', 'x'],
    ['n', 2]
  ]);
});

test('what cannot be drawn is shown as a table', () => {
  expect(drawingOf(chart('somebody/own', { x: 'a', y: 'b' }), XY)).toBeNull();
  expect(drawingOf(chart('wandb/line/v0', { x: 'a', y: 'gone' }), XY)).toBeNull();
  expect(drawingOf(chart('wandb/line/v0', { x: 'c', y: 'b' }), XY)).toBeNull();
  expect(drawingOf(chart('wandb/bar/v0', { label: 'a', value: 'c' }), XY)).toBeNull();
  expect(drawingOf(chart('wandb/histogram/v0', {}), XY)).toBeNull();
  expect(
    drawingOf(chart('wandb/scatter/v0', { x: 'a', y: 'b' }), { columns: ['a', 'b'], rows: [] })
  ).toBeNull();
});

test('the nearest mark is found, a bar by its place alone', () => {
  const frame = { x: (value: number) => 10 * value, y: (value: number) => 100 - value };
  const points = drawingOf(chart('wandb/scatter/v0', { x: 'a', y: 'b' }), XY);
  expect(points && nearestMark(points, { left: 11, top: 89 }, frame)).toBe(1);
  const bars = drawingOf(chart('wandb/bar/v0', { label: 'c', value: 'b' }), XY);
  expect(bars && nearestMark(bars, { left: 19, top: 0 }, frame)).toBe(2);
});
