import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { columnsOf } from '../../src/models/columns';
import { hiddenEnd, nonFiniteText, objectiveLabel } from '../../src/models/objective';
import { columnLabel } from '../../src/views/sweep/columnLabels';
import { compareRuns } from '../../src/views/sweep/compare/comparison';
import { aRun } from '../factories';

const trans = nullTranslator.load('wandb_magic');
const LOSS = { metric: 'loss', goal: 'minimize' } as const;
const ACC = { metric: 'acc', goal: 'maximize' } as const;

describe('the objective', () => {
  it('says that it is the best value of a run, and the summary’s is another one', () => {
    expect(objectiveLabel(LOSS, trans)).toBe('loss (min)');
    expect(objectiveLabel(ACC, trans)).toBe('acc (max)');
    expect(objectiveLabel(undefined, trans)).toBe('Objective');
    expect(columnLabel('value', LOSS, trans)).toBe('loss (min)');
    expect(columnLabel('summary.loss', LOSS, trans)).toBe('loss (summary)');
    expect(columnLabel('summary.loss', ACC, trans)).toBe('loss');
    expect(columnLabel('params.loss', LOSS, trans)).toBe('loss');
  });

  it('says which value the config or a run has chosen', () => {
    const labels = (['best', 'last', 'min', 'max', 'mean', 'first'] as const).map(objective =>
      objectiveLabel({ ...LOSS, objective }, trans)
    );
    expect(labels).toEqual(
      ['min', 'last', 'min', 'max', 'mean', 'first'].map(kind => `loss (${kind})`)
    );
    expect(columnLabel('value', { ...ACC, objective: 'last' }, trans)).toBe('acc (last)');
  });

  it('does not hide that a run ended with NaN, at infinity, or far from its best value', () => {
    const end = (
      loss: unknown,
      value: number | null = 0.9,
      objective: typeof LOSS | typeof ACC = LOSS
    ) => hiddenEnd({ value, summary: { [objective.metric]: loss } }, objective);
    expect(end('NaN')).toBe('NaN');
    expect(end('NaN', null)).toBe('NaN');
    expect(end('Infinity')).toBe('∞');
    expect(end('-Infinity', 0.9, ACC)).toBe('−∞');
    expect(end(3e20)).toBe('3e20');
    expect(end(1.2)).toBeNull();
    expect(end(0.9)).toBeNull();
    expect(end(-50, 0.9, ACC)).toBe('-50');
    expect(end(50, 0.9, ACC)).toBeNull();
    expect(end('text')).toBeNull();
    expect(hiddenEnd({ value: 1, summary: {} }, LOSS)).toBeNull();
    expect(hiddenEnd({ value: 1, summary: { loss: 'NaN' } }, undefined)).toBeNull();
  });
});

describe('a value that is not finite', () => {
  it('is not a missing one', () => {
    expect([NaN, Infinity, 'NaN', '-Infinity'].map(nonFiniteText)).toEqual([
      'NaN',
      '∞',
      'NaN',
      '−∞'
    ]);
    expect([1, null, undefined, 'nan', 'toString'].map(nonFiniteText)).toEqual(
      new Array(5).fill(null)
    );
    const rows = [aRun(0, { summary: { loss: 'NaN' } }), aRun(1, { summary: { loss: 1 } })];
    const { metrics } = compareRuns(rows, columnsOf(rows));
    expect(metrics.map(({ values }) => values)).toEqual([['NaN', 1]]);
  });
});
