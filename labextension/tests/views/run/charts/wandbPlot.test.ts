import { expect, test } from 'vitest';

import { parseWandbPlot, nearestMark } from '../../../../src/views/run/charts/wandbPlot';
import type { Chart } from '../../../../src/api/schemas';

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

test('lines join their points in the order of x, group by group', () => {
  const plain = parseWandbPlot(chart('wandb/line/v0', { x: 'a', y: 'b' }), XY);
  expect(plain?.kind).toBe('lines');
  expect(plain?.marks.map(mark => [mark.x, mark.y])).toEqual([
    [1, 10],
    [2, 20],
    [3, 5]
  ]);
  expect(plain?.groups).toEqual([]);
  expect(plain?.x).toMatchObject({ title: 'a', scale: { kind: 'linear', low: 1, high: 3 } });
  const grouped = parseWandbPlot(chart('wandb/line/v0', { x: 'a', y: 'b', stroke: 'c' }), XY);
  expect(grouped?.groups).toEqual(['one', 'two']);
  expect(grouped?.marks.map(mark => [mark.group, mark.x])).toEqual([
    [0, 2],
    [0, 3],
    [1, 1]
  ]);
  expect(grouped?.details(grouped.marks[2])).toEqual([
    ['a', 1],
    ['two', 10]
  ]);
});

test('line series have names, and curves keep the order of their points', () => {
  const series = parseWandbPlot(
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
  const curve = parseWandbPlot(
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

test('bars are in the order of the table, and start at zero', () => {
  const bars = parseWandbPlot(chart('wandb/bar/v0', { label: 'c', value: 'a' }), XY);
  expect(bars?.x.scale).toEqual({ kind: 'category', values: ['one', 'two', 'one'] });
  expect(bars?.y.scale).toMatchObject({ low: 0, high: 3 });
});

test('each value is counted in one bin', () => {
  const rows = Array.from({ length: 100 }, (_, index) => [index]);
  const bins = parseWandbPlot(chart('wandb/histogram/v0', { value: 'a' }), {
    columns: ['a'],
    rows
  });
  expect(bins?.kind).toBe('bins');
  expect(bins?.marks).toHaveLength(10);
  expect(bins?.marks.reduce((sum, mark) => sum + mark.y, 0)).toBe(100);
  const same = parseWandbPlot(chart('wandb/histogram/v0', { value: 'a' }), {
    columns: ['a'],
    rows: [[3], [3]]
  });
  expect(same?.marks.reduce((sum, mark) => sum + mark.y, 0)).toBe(2);
});

test('the first class of a confusion matrix is at the top left', () => {
  const matrix = parseWandbPlot(
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
  expect(matrix?.details(matrix.marks[2])).toEqual([
    ['A', 'y'],
    ['P', 'x'],
    ['n', 2]
  ]);
});

test('unsupported charts are shown as a table', () => {
  expect(parseWandbPlot(chart('somebody/own', { x: 'a', y: 'b' }), XY)).toBeNull();
  expect(parseWandbPlot(chart('wandb/line/v0', { x: 'a', y: 'gone' }), XY)).toBeNull();
  expect(parseWandbPlot(chart('wandb/line/v0', { x: 'c', y: 'b' }), XY)).toBeNull();
  expect(parseWandbPlot(chart('wandb/bar/v0', { label: 'a', value: 'c' }), XY)).toBeNull();
  expect(parseWandbPlot(chart('wandb/histogram/v0', {}), XY)).toBeNull();
  expect(
    parseWandbPlot(chart('wandb/scatter/v0', { x: 'a', y: 'b' }), {
      columns: ['a', 'b'],
      rows: []
    })
  ).toBeNull();
});

test('the nearest mark is found, and bars by their x alone', () => {
  const frame = { x: (value: number) => 10 * value, y: (value: number) => 100 - value };
  const points = parseWandbPlot(chart('wandb/scatter/v0', { x: 'a', y: 'b' }), XY);
  expect(points && nearestMark(points, { left: 11, top: 89 }, frame)).toBe(1);
  const bars = parseWandbPlot(chart('wandb/bar/v0', { label: 'c', value: 'b' }), XY);
  expect(bars && nearestMark(bars, { left: 19, top: 0 }, frame)).toBe(2);
});
