import { describe, expect, it } from 'vitest';

import { normalize, type Scale } from '../../../../src/charts/scale';
import {
  cellReader,
  columnsOf,
  type IFilter,
  NO_FILTER,
  matchesFilter
} from '../../../../src/models/columns';
import {
  dragInterval,
  handleAt,
  boundsOf,
  toIntervals,
  moveEnd,
  toRange
} from '../../../../src/views/sweep/parallel/brush';
import {
  makeDimensions,
  defaultAxes,
  NO_POSITION,
  positionsOf
} from '../../../../src/views/sweep/parallel/dimensions';
import {
  MISSING_OFFSET,
  toY,
  nearestLine,
  scatterOrder
} from '../../../../src/views/sweep/parallel/lineRenderer';
import { aRun, runs } from '../../../factories';

const LINEAR: Scale = { kind: 'linear', low: 0, high: 10 };
const WORDS: Scale = { kind: 'category', values: ['adam', 'lion', 'sgd', 'zen'] };

const PLAIN = () => ({ isLog: false, choices: null });

describe('a range on an axis', () => {
  it('converts to the filter’s condition', () => {
    expect(toRange(LINEAR, { from: 0.25, to: 0.5 })).toEqual({ low: 2.5, high: 5 });
    expect(toRange(WORDS, { from: 0.3, to: 0.7 })).toEqual({ values: ['lion', 'sgd'] });
    expect(toRange(WORDS, { from: 0.26, to: 0.26 })).toEqual({ values: ['lion'] });
  });

  it('is open where it reaches an end, and null if it reaches both', () => {
    expect(toRange(LINEAR, { from: 0, to: 0.5 })).toEqual({ low: -Infinity, high: 5 });
    expect(toRange(LINEAR, { from: 0.5, to: 1 })).toEqual({ low: 5, high: Infinity });
    expect(toRange(LINEAR, { from: 0, to: 1 })).toBeNull();
    expect(toRange(WORDS, { from: 0, to: 1 })).toBeNull();
  });

  it('has rounded numbers, and halves between integers', () => {
    expect(toRange(LINEAR, { from: 0.123456789, to: 1 })).toMatchObject({ low: 1.235 });
    const whole: Scale = { kind: 'linear', low: 0, high: 8, isInteger: true };
    expect(toRange(whole, { from: 0.3, to: 0.8 })).toEqual({ low: 2.5, high: 6.5 });
  });

  it('is numeric even if the numbers are a list', () => {
    const sizes: Scale = { kind: 'category', values: ['8', '32', '64'], numbers: [8, 32, 64] };
    const range = toRange(sizes, { from: 0.4, to: 1 });
    expect(range).toEqual({ low: 32, high: 64 });
    expect(toIntervals(sizes, range ?? undefined)).toEqual([{ from: 1 / 3, to: 1 }]);
    expect(toIntervals(sizes, { low: 9, high: 10 })).toEqual([]);
    expect(toIntervals(sizes, { low: -Infinity, high: 40 })).toEqual([{ from: 0, to: 2 / 3 }]);
  });

  it('converts back to its position', () => {
    expect(toIntervals(LINEAR, { low: 2, high: Infinity })).toEqual([{ from: 0.2, to: 1 }]);
    expect(toIntervals(LINEAR, { low: -50, high: 5 })).toEqual([{ from: 0, to: 0.5 }]);
    expect(toIntervals(LINEAR, undefined)).toEqual([]);
    const apart = toIntervals(WORDS, { values: ['adam', 'sgd'] });
    expect(apart).toHaveLength(2);
    expect(boundsOf(apart)).toEqual({ from: 0, to: 0.75 });
    expect(boundsOf([])).toEqual({ from: 0, to: 1 });
  });

  it('is grabbed at its ends, in the middle, or started anew', () => {
    const intervals = [{ from: 0.2, to: 0.6 }];
    const grip = (place: number) => handleAt(intervals, place, 0.03);
    expect([0.61, 0.19, 0.4, 0.9].map(grip)).toEqual(['high', 'low', 'move', 'new']);
    expect(handleAt([], 0.5, 0.03)).toBe('new');
  });

  it('follows the pointer, and stays on the axis', () => {
    const start = { from: 0.2, to: 0.6 };
    expect(dragInterval('high', start, 0.6, 0.8)).toEqual({ from: 0.2, to: 0.8 });
    expect(dragInterval('high', start, 0.6, 0.1)).toEqual({ from: 0.1, to: 0.2 });
    expect(dragInterval('low', start, 0.2, -3)).toEqual({ from: 0, to: 0.6 });
    expect(dragInterval('new', start, 0.9, 0.7)).toEqual({ from: 0.7, to: 0.9 });
    const end = dragInterval('move', start, 0.3, 0.9);
    expect(end.from).toBeCloseTo(0.6);
    expect(end.to).toBeCloseTo(1);
  });

  it('follows the keys, and its ends never cross', () => {
    const whole = { from: 0, to: 1 };
    expect(moveEnd(LINEAR, 'ArrowDown', whole, 'high')).toEqual({ from: 0, to: 0.98 });
    expect(moveEnd(LINEAR, 'PageUp', whole, 'low')?.from).toBeCloseTo(0.1);
    expect(moveEnd(WORDS, 'ArrowUp', whole, 'low')).toEqual({ from: 0.25, to: 1 });
    expect(moveEnd(LINEAR, 'End', { from: 0.2, to: 0.3 }, 'low')?.from).toBeLessThan(0.3);
    expect(moveEnd(LINEAR, 'a', whole, 'low')).toBeNull();
    expect(moveEnd(LINEAR, 'toString', whole, 'low')).toBeNull();
  });

  it('passes exactly the runs inside it', () => {
    const rows = runs(50);
    const [dimension] = makeDimensions(['value'], rows, PLAIN, String);
    const range = toRange(dimension.scale, { from: 0.25, to: 0.75 });
    const positions = positionsOf(rows, [dimension]);
    const filter: IFilter = { ...NO_FILTER, ranges: range === null ? {} : { value: range } };
    rows.forEach((row, index) => {
      expect(matchesFilter(row, filter)).toBe(
        positions[index] >= 0.2495 && positions[index] <= 0.7505
      );
    });
  });
});

describe('axes', () => {
  it('are the parameters that differ, the important ones first, and the objective', () => {
    const rows = runs(5).map(row => ({ ...row, params: { ...row.params, fixed: 1 } }));
    const weights = new Map([
      ['lr', 0.2],
      ['optimizer', 0.8]
    ]);
    expect(defaultAxes(columnsOf(rows), rows, weights)).toEqual([
      'params.optimizer',
      'params.lr',
      'value'
    ]);
  });

  it('are left out if nothing can be shown on them', () => {
    const rows = runs(60).map(row => ({
      ...row,
      params: { ...row.params, id: `x${row.number}` }
    }));
    const found = makeDimensions(
      ['params.lr', 'params.id', 'params.gone'],
      rows,
      () => ({ isLog: true, choices: null }),
      String
    );
    expect(found.map(each => each.column)).toEqual(['params.lr']);
    expect(found[0].scale.kind).toBe('log');
  });

  it('have a position for each run, below the axis if it has no value', () => {
    const rows = [aRun(0), aRun(1, { value: null }), aRun(2)];
    const dimensions = makeDimensions(['number', 'value'], rows, PLAIN, String);
    const positions = positionsOf(rows, dimensions);
    expect(positions).toHaveLength(6);
    expect(positions[3]).toBe(NO_POSITION);
    expect(toY(positions[3], 10, 100)).toBe(100 + MISSING_OFFSET);
    expect(toY(1, 10, 100)).toBe(10);
  });
});

describe('the ends of lines', () => {
  it('lie at their ticks, at most a few pixels away', () => {
    const rows = Array.from({ length: 500 }, (_, number) =>
      aRun(number, {
        value: number % 7,
        params: { lr: number % 2 ? 1e-4 : 1e-2, depth: 1 + (number % 5), word: `w${number % 3}` }
      })
    );
    const columns = ['params.lr', 'params.depth', 'params.word', 'value'];
    const choices = [1e-4, 1e-2];
    for (const listed of [true, false]) {
      const dimensions = makeDimensions(
        columns,
        rows,
        column => ({
          isLog: column === 'params.lr',
          choices: listed && column === 'params.lr' ? choices : null
        }),
        String
      );
      const positions = positionsOf(rows, dimensions);
      dimensions.forEach(({ column, scale }, axis) => {
        const read = cellReader(column);
        const offsets = rows.map((row, index) =>
          Math.abs(positions[index * columns.length + axis] - (normalize(scale, read(row)) ?? 9))
        );
        const isWord = scale.kind === 'category';
        expect(500 * Math.max(...offsets)).toBeLessThan(isWord ? 5 : 0.001);
      });
    }
  });
});

describe('many lines', () => {
  it('are all drawn, in an order in which each part looks like the whole, the best ones last', () => {
    const worstFirst = Array.from({ length: 1000 }, (_, index) => index);
    const order = scatterOrder(worstFirst, 50);
    expect([...order].sort((one, other) => one - other)).toEqual(worstFirst);
    expect(order.slice(-50)).toEqual(worstFirst.slice(-50));
    const tenths = new Array<number>(10).fill(0);
    order.slice(0, 100).forEach(run => (tenths[Math.floor(run / 95)] += 1));
    expect(Math.min(...tenths)).toBeGreaterThan(6);
    expect(scatterOrder([], 0)).toEqual([]);
    expect(scatterOrder([3], 1)).toEqual([3]);
  });

  it('are found at the pointer between two axes', () => {
    const layout = { width: 200, height: 100, top: 0, bottom: 100, axes: [0, 100, 200] };
    const positions = Float32Array.from([0, 1, 0, 1, 0, 1]);
    const at = (left: number, height: number) =>
      nearestLine({ layout, positions, order: [0, 1] }, left, height);
    expect(at(25, 75).run).toBe(0);
    expect(at(25, 25).run).toBe(1);
    expect(at(175, 80)).toMatchObject({ run: 0 });
    expect(at(175, 80).distance).toBeCloseTo(5);
    expect(nearestLine({ layout, positions, order: [] }, 5, 5).run).toBe(-1);
  });
});
