import { describe, expect, it } from 'vitest';

import { countedSets, rankedSets, repeatedSets } from '../../src/models/repeats';
import { bestSoFar } from '../../src/views/sweep/overview/bestSoFar';
import { aRun } from '../factories';

// Set 0 has all its runs, and the best mean; run 1 alone is the luckiest run.
const ROWS = [
  aRun(0, { value: 1 }),
  aRun(1, { value: 0.1 }),
  aRun(2, { value: 4, repeat_group: 2 }),
  aRun(3, { value: 2, repeat_group: 0 }),
  aRun(4, { value: 6, repeat_group: 2 }),
  aRun(5, { value: null, repeat_group: 1, state: 'failed' }),
  aRun(6, { value: null, state: 'running' })
];

describe('sets of parameters', () => {
  it('have the mean of their finished runs, and its spread', () => {
    const sets = repeatedSets(ROWS, 2).map(({ rows, mean, sd, count, isComplete }) => [
      rows.map(row => row.number),
      mean,
      sd === null ? null : Number(sd.toFixed(3)),
      count,
      isComplete
    ]);
    expect(sets).toEqual([
      [[0, 3], 1.5, 0.707, 2, true],
      [[1, 5], 0.1, null, 1, false],
      [[2, 4], 5, 1.414, 2, true]
    ]);
  });

  it('are ranked by the mean, those that lack runs last', () => {
    const first = (maximize: boolean) =>
      rankedSets(ROWS, 2, maximize).map(({ rows }) => rows[0].number);
    expect(first(false)).toEqual([0, 2, 1]);
    expect(first(true)).toEqual([2, 0, 1]);
  });

  it('all count until one has all its runs', () => {
    const counted = (repeat: number) =>
      countedSets(repeatedSets(ROWS, repeat)).map(({ rows }) => rows[0].number);
    expect(counted(2)).toEqual([0, 2]);
    expect(counted(3)).toEqual([0, 1, 2]);
  });

  it('count the newest attempt of a run', () => {
    const rows = [
      aRun(0, { value: 9, state: 'finished' }),
      aRun(0, { id: 'again000', attempt: 1, value: 3 })
    ];
    expect(repeatedSets(rows, 1).map(({ mean, count }) => [mean, count])).toEqual([[3, 1]]);
  });
});

it('the best value so far is the best mean, not the luckiest run', () => {
  const progress = bestSoFar(ROWS, false, 2);
  expect(progress?.improvements.map(({ number, value }) => [number, value])).toEqual([[0, 1.5]]);
  expect(progress?.points).toHaveLength(5);
  expect(bestSoFar(ROWS, false)?.improvements.map(({ number }) => number)).toEqual([0, 1]);
});
