import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { frontLine, frontRuns, frontStatuses, objectivesOf } from '../../src/models/pareto';
import type { RunState } from '../../src/api/schemas';
import { costRatio } from '../cost';
import { aRun } from '../factories';

interface ICase {
  name: string;
  metrics: { name: string; goal: string }[];
  constraints: { name: string; min?: number; max?: number }[];
  runs: [RunState, Record<string, unknown>][];
  front: number[];
  others: Record<string, string>;
}

const file = join(import.meta.dirname, '../../../tests/analysis/fronts.json');
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: ICase[] };

const objectives = (metrics: object[], constraints: object[] = []) => {
  const found = objectivesOf({ metrics, constraints });
  if (found === null) {
    throw new Error('these are not several objectives');
  }
  return found;
};
const LOSS = { name: 'loss', goal: 'minimize' };
const SPEED = { name: 'speed', goal: 'maximize' };

describe('the front', () => {
  it.each(cases)('of $name is that of Python', each => {
    const rows = each.runs.map(([state, summary], number) => aRun(number, { state, summary }));
    const several = objectives(each.metrics, each.constraints);
    expect(frontRuns(rows, several).map(row => row.number)).toEqual(each.front);
    const found = Object.fromEntries(
      rows.flatMap(({ id, number }) => {
        const status = frontStatuses(rows, several).get(id);
        return status === undefined || status === 'front' ? [] : [[number, status]];
      })
    );
    expect(found).toEqual(each.others);
  });

  it('is that of a sweep with several objectives only', () => {
    expect(objectivesOf(undefined)).toBeNull();
    expect(objectivesOf({ metric: LOSS })).toBeNull();
    expect(objectivesOf({ metrics: [LOSS] })).toBeNull();
    expect(objectives([LOSS, SPEED], [{ name: 'memory', max: 7 }])).toEqual({
      goals: [
        { name: 'loss', maximize: false },
        { name: 'speed', maximize: true }
      ],
      constraints: [{ name: 'memory', min: -Infinity, max: 7 }]
    });
  });

  it('is found in time that grows little faster than the runs', () => {
    const several = objectives([LOSS, SPEED]);
    const rows = (count: number) =>
      Array.from({ length: count }, (_, number) =>
        aRun(number, { summary: { loss: (number * 7919) % 1009, speed: (number * 104729) % 997 } })
      );
    const [few, many] = [rows(1000), rows(10_000)];
    expect(
      costRatio(
        () => frontStatuses(many, several),
        () => frontStatuses(few, several)
      )
    ).toBeLessThan(60);
  });
});

describe('the line of the front', () => {
  const values: [number, number][] = [
    [1, 1],
    [2, 3],
    [4, 4],
    [3, 2]
  ];
  const rows = values.map(([loss, speed], number) => aRun(number, { summary: { loss, speed } }));
  const line = (xGoal: string, yGoal: string) => {
    const several = objectives([
      { name: 'loss', goal: xGoal },
      { name: 'speed', goal: yGoal }
    ]);
    const [x, y] = several.goals;
    return frontLine(rows, several, [x, y]);
  };

  it('goes through the worse value of both runs at each corner', () => {
    expect(line('minimize', 'maximize')).toEqual([
      [1, 1],
      [2, 1],
      [2, 3],
      [4, 3],
      [4, 4]
    ]);
    expect(line('minimize', 'minimize')).toEqual([[1, 1]]);
    expect(line('maximize', 'maximize')).toEqual([[4, 4]]);
    expect(line('maximize', 'minimize')).toEqual([
      [4, 4],
      [3, 4],
      [3, 2],
      [1, 2],
      [1, 1]
    ]);
  });
});
