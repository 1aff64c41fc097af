import { describe, expect, it } from 'vitest';

import { columnsOf } from '../../../../src/models/columns';
import { bestRuns, compareRuns } from '../../../../src/views/sweep/compare/comparison';
import { barAt, barShape, buildTimeline } from '../../../../src/views/sweep/overview/timelineData';
import { groupFailures } from '../../../../src/views/sweep/overview/failureGroups';
import { nearestRun, bestSoFar } from '../../../../src/views/sweep/overview/bestSoFar';
import { isLogarithmic, parameterOf } from '../../../../src/models/spec';
import { aRun, runs } from '../../../factories';

describe('a bar of the timeline', () => {
  it('tells states apart without color', () => {
    const shapes = (['finished', 'running', 'failed', 'pruned', 'stopped'] as const).map(state =>
      JSON.stringify(barShape(state))
    );
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(barShape('killed')).toEqual(barShape('failed'));
  });
});

describe('the best value so far', () => {
  it('improves at each run that is better than all before it', () => {
    const rows = [5, 7, null, 3, 4, 1].map((value, number) => aRun(number, { value }));
    const least = bestSoFar(rows, false);
    expect(least?.improvements.map(each => each.number)).toEqual([0, 3, 5]);
    expect(bestSoFar(rows, true)?.improvements.map(each => each.number)).toEqual([0, 1]);
    expect(least?.points).toHaveLength(5);
    expect(bestSoFar([aRun(0, { value: null })], false)).toBeNull();
  });

  it('shows all improvements but not every bad run', () => {
    const rows = runs(100).map(row => ({ ...row, value: row.number === 50 ? 1e9 : row.number }));
    const progress = bestSoFar(rows, false);
    expect(progress?.low).toBe(0);
    expect(progress?.high).toBeLessThan(100);
  });

  it('finds the run under the pointer', () => {
    const points = [0, 4, 10].map(number => ({ run: '', number, value: 0 }));
    expect([-3, 1.9, 2.1, 6, 8, 99].map(at => nearestRun(points, at).number)).toEqual([
      0, 0, 4, 4, 10, 10
    ]);
  });
});

describe('the timeline', () => {
  const rows = [
    aRun(0, { agent: 0, started: 100, ended: 110 }),
    aRun(1, { agent: 3, started: 102, ended: null, state: 'running' }),
    aRun(2, { agent: 0, started: 110, ended: 130 }),
    aRun(3, { agent: -1, started: null, ended: null, state: 'pending' })
  ];

  it('has a lane for each agent, and no end while a run is active', () => {
    const timeline = buildTimeline(rows);
    expect(timeline?.agents).toEqual([0, 3]);
    expect(timeline).toMatchObject({ start: 100, end: null });
    expect(buildTimeline([rows[0], rows[2]])?.end).toBe(130);
    expect(buildTimeline([rows[3]])).toBeNull();
  });

  it('finds the run at a time and lane', () => {
    const bars = buildTimeline(rows)?.bars ?? [];
    expect(barAt(bars, 0, 105, 200, 0)?.row.number).toBe(0);
    expect(barAt(bars, 0, 120, 200, 0)?.row.number).toBe(2);
    expect(barAt(bars, 1, 199, 200, 0)?.row.number).toBe(1);
    expect(barAt(bars, 0, 150, 200, 0)).toBeNull();
    expect(barAt(bars, 0, 131, 200, 2)?.row.number).toBe(2);
  });
});

describe('failures', () => {
  it('are grouped if only numbers differ, the most frequent first', () => {
    const failed = (number: number, failure: string) => aRun(number, { state: 'failed', failure });
    const groups = groupFailures([
      failed(0, 'KeyError: lr'),
      failed(1, 'ValueError: 0.1 is too large'),
      failed(2, 'ValueError: 3e-5 is too large'),
      aRun(3),
      aRun(4, { state: 'killed', cause: 'killed by signal 9' })
    ]);
    expect(groups.map(group => group.runs.length)).toEqual([2, 1, 1]);
    expect(groups[0].message).toBe('ValueError: 3e-5 is too large');
    expect(groups.map(group => group.message)).toContain('killed by signal 9');
  });
});

describe('a comparison', () => {
  it('separates what differs from what is the same', () => {
    const rows = [0, 2].map(number => aRun(number, { summary: { loss: 1, _step: 3 } }));
    const { differing, same, metrics } = compareRuns(rows, columnsOf(rows));
    expect(differing.map(line => line.column.name)).toEqual(['lr']);
    expect(same.map(line => line.column.name)).toEqual(['optimizer']);
    expect(metrics.map(line => line.values)).toEqual([[1, 1]]);
  });

  it('offers the best runs', () => {
    const rows = [aRun(0, { value: null }), ...[3, 1, 2].map(value => aRun(value, { value }))];
    expect(bestRuns(rows, 2, false).map(row => row.value)).toEqual([1, 2]);
    expect(bestRuns(rows, 2, true).map(row => row.value)).toEqual([3, 2]);
  });
});

describe('the spec of a parameter', () => {
  const spec = {
    parameters: {
      lr: { distribution: 'log_uniform_values', min: 1e-5, max: 1 },
      'a.b': { values: [1, 2] },
      model: { parameters: { depth: { distribution: 'q_log_normal', mu: 0 } } }
    }
  };

  it('is found by dotted key, nested or not', () => {
    expect(parameterOf(spec, 'a.b')).toEqual({ values: [1, 2] });
    expect(parameterOf(spec, 'model.depth')).toMatchObject({ mu: 0 });
    expect(parameterOf(spec, 'model.width')).toBeNull();
    expect(parameterOf({}, 'lr')).toBeNull();
  });

  it('knows whether it is logarithmic', () => {
    expect(isLogarithmic(spec, 'lr')).toBe(true);
    expect(isLogarithmic(spec, 'model.depth')).toBe(true);
    expect(isLogarithmic(spec, 'a.b')).toBe(false);
    expect(isLogarithmic(undefined, 'lr')).toBe(false);
  });
});
