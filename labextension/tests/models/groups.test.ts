import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { groupRuns, sortGroups, STATISTICS, statisticsOf } from '../../src/models/groups';
import { costRatio } from '../cost';
import { aRun } from '../factories';

interface ICases {
  cases: { values: (number | null)[]; statistics: (number | null)[] }[];
}

const file = join(import.meta.dirname, '../../../tests/query/statistics.json');
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as ICases;

describe('statistics', () => {
  it.each(cases)('of $values are those of pandas', ({ values, statistics }) => {
    const found = statisticsOf(values);
    STATISTICS.forEach((name, index) => {
      const expected = statistics[index];
      if (expected === null) {
        expect(found[name], name).toBeNull();
      } else {
        expect(found[name], name).toBeCloseTo(expected, 9);
      }
    });
  });
});

describe('groups', () => {
  const rows = [
    aRun(0, { params: { lr: 10, flag: true }, tags: ['a', 'b'], value: 1 }),
    aRun(1, { params: { lr: 9, flag: false }, tags: ['a'], value: 2 }),
    aRun(2, { params: { lr: '9', sizes: [1, 2] }, value: null }),
    aRun(3, { params: { lr: 9, flag: true }, value: 4 })
  ];
  const grouped = (...by: string[]) =>
    groupRuns(rows, by).map(group => [...group.labels, group.rows.map(row => row.number)]);

  it('are ordered by numbers, texts and what is missing', () => {
    expect(grouped('params.lr')).toEqual([
      ['9', [1, 3]],
      ['10', [0]],
      ['9', [2]]
    ]);
    expect(grouped('params.flag')).toEqual([
      ['false', [1]],
      ['true', [0, 3]],
      [null, [2]]
    ]);
  });

  it('have a run once for each of its tags', () => {
    expect(grouped('tags')).toEqual([
      ['a', [0, 1]],
      ['b', [0]],
      [null, [2, 3]]
    ]);
  });

  it('of several columns share the values of all', () => {
    expect(grouped('params.flag', 'params.lr')).toEqual([
      ['false', '9', [1]],
      ['true', '9', [3]],
      ['true', '10', [0]],
      [null, '9', [2]]
    ]);
  });

  it('are sorted by a statistic; those without come last', () => {
    const groups = groupRuns(rows, ['params.lr']);
    const means = (descending: boolean) =>
      sortGroups(groups, 'mean', descending).map(group => group.statistics.mean);
    expect(means(true)).toEqual([3, 1, null]);
    expect(means(false)).toEqual([1, 3, null]);
  });

  it('cost no more than a few times as much where there are many', () => {
    const many = Array.from({ length: 10_000 }, (_, number) =>
      aRun(number, { params: { lr: number % 2000, width: number % 4 }, value: Math.sin(number) })
    );
    expect(groupRuns(many, ['params.lr', 'params.width'])).toHaveLength(2000);
    const twoThousand = () => groupRuns(many, ['params.lr', 'params.width']);
    const four = () => groupRuns(many, ['params.width', 'params.width']);
    expect(costRatio(twoThousand, four)).toBeLessThan(20); // 500 if each run were compared with each group
  });
});
