/** What a sweep's objective says about a run, and what it leaves out. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { formatNumber } from '../format';
import type { RunRow, SweepSummary } from '../api/schemas';

/** The part of a sweep's summary that says what its objective is. */
export interface IObjective {
  metric: string | null;
  goal: 'minimize' | 'maximize' | null;
  /** Which of a run's values counts; `best` if it is not given. */
  objective?: SweepSummary['objective'];
}

/** A value so many times as far from zero as the best one, and worse, has diverged. */
const DIVERGED = 10;

const NON_FINITE: Readonly<Record<string, string>> = {
  NaN: 'NaN',
  Infinity: '∞',
  '-Infinity': '−∞'
};

/**
 * The objective's name, and which of a run's values it is: the best one that it logged unless the
 * config or the run says otherwise. The last one is in the run's summary.
 */
export function objectiveLabel(
  objective: IObjective | undefined,
  trans: TranslationBundle
): string {
  const { metric, goal, objective: kind = 'best' } = objective ?? { metric: null, goal: null };
  if (metric === null) {
    return trans.__('Objective');
  }
  switch (kind === 'best' ? (goal === 'maximize' ? 'max' : 'min') : kind) {
    case 'min':
      return trans.__('%1 (min)', metric);
    case 'max':
      return trans.__('%1 (max)', metric);
    case 'last':
      return trans.__('%1 (last)', metric);
    case 'mean':
      return trans.__('%1 (mean)', metric);
    case 'first':
      return trans.__('%1 (first)', metric);
  }
}

/** How a logged value that is not finite is shown; null for all others. */
export function nonFiniteText(value: unknown): string | null {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? null : NON_FINITE[String(value)];
  }
  return typeof value === 'string' && Object.hasOwn(NON_FINITE, value) ? NON_FINITE[value] : null;
}

/**
 * What the objective was at the end of a run, if its value hides that: not finite, or far worse than
 * the best one. Null if nothing is hidden.
 */
export function hiddenEnd(
  row: Pick<RunRow, 'value' | 'summary'>,
  objective: IObjective | undefined
): string | null {
  const { metric, goal } = objective ?? { metric: null, goal: null };
  if (metric === null || !Object.hasOwn(row.summary, metric)) {
    return null;
  }
  const last = row.summary[metric];
  const text = nonFiniteText(last);
  if (text !== null || typeof last !== 'number' || row.value === null || row.value === 0) {
    return text;
  }
  const isWorse = goal === 'maximize' ? last < row.value : last > row.value;
  return isWorse && Math.abs(last) >= DIVERGED * Math.abs(row.value) ? formatNumber(last) : null;
}
