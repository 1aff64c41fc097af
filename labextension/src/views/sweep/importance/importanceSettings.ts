/** The saved settings of the importance tab, and the columns of its plot. Pure. */

import type { IImportanceQuery } from '../../../api/restapi';
import type { IColumn } from '../../../models/columns';

export const VIEWS = ['slice', 'scatter', 'contour'] as const;

export type PlotView = (typeof VIEWS)[number];

export const EVALUATORS = ['ped-anova', 'fanova', 'permutation'] as const;

export type Evaluator = (typeof EVALUATORS)[number];

/** The shares of the best runs that PED-ANOVA can compare with all runs. */
export const QUANTILES = [0.1, 0.25, 0.5];

export interface IImportanceSettings {
  evaluator: string;
  /** The share of the best runs that PED-ANOVA compares with all. */
  quantile: number;
  /** The metric for which importance is computed; empty for the objective. */
  metric: string;
  view: string;
  /** Columns; empty for the default. */
  x: string;
  y: string;
  /** The second parameter of a contour plot. */
  second: string;
  /** What determines the color of points: `value` or `state`. */
  color: string;
  /** Whether the objective is logarithmic. */
  isLogObjective: boolean;
}

export const DEFAULT_SETTINGS: IImportanceSettings = {
  evaluator: 'ped-anova',
  quantile: 0.5,
  metric: '',
  view: 'slice',
  x: '',
  y: '',
  second: '',
  color: 'value',
  isLogObjective: false
};

/** What to ask the server for; the default settings ask as the other plots do. */
export function importanceQueryOf(
  settings: IImportanceSettings,
  metric: string
): IImportanceQuery {
  const evaluator = EVALUATORS.find(name => name === settings.evaluator) ?? EVALUATORS[0];
  const isDefault = evaluator === EVALUATORS[0];
  const quantile = QUANTILES.includes(settings.quantile) ? settings.quantile : 0.5;
  return {
    ...(metric === '' ? {} : { metric }),
    ...(isDefault ? {} : { evaluator }),
    ...(isDefault && quantile !== 0.5 ? { quantile } : {})
  };
}

export interface IPlotColumns {
  view: PlotView;
  /** Null if there is no suitable column. */
  x: string | null;
  y: string | null;
  /** The options for each. */
  choices: { x: readonly IColumn[]; y: readonly IColumn[] };
}

/** Choose the columns of the plot. */
export function choosePlotColumns(
  settings: IImportanceSettings,
  columns: readonly IColumn[],
  important: readonly string[]
): IPlotColumns {
  const view = VIEWS.find(candidate => candidate === settings.view) ?? 'slice';
  const params = columns.filter(column => column.group === 'params');
  const drawable = columns.filter(
    column =>
      column.group !== 'run' ||
      ['value', 'duration', 'number', 'agent', 'state'].includes(column.id)
  );
  const x = firstAvailable(view === 'scatter' ? drawable : params, settings.x, ...important);
  const otherParams = params.filter(column => column.id !== x);
  switch (view) {
    case 'slice':
      return { view, x, y: 'value', choices: { x: params, y: [] } };
    case 'scatter': {
      const y = firstAvailable(drawable, settings.y, 'value');
      return { view, x, y, choices: { x: drawable, y: drawable } };
    }
    case 'contour': {
      const y = firstAvailable(otherParams, settings.second, ...important.filter(id => id !== x));
      return { view, x, y, choices: { x: params, y: otherParams } };
    }
  }
}

/** The first preferred column that is available, or else the first available one. */
function firstAvailable(from: readonly IColumn[], ...preferred: readonly string[]): string | null {
  const match = preferred.find(id => from.some(column => column.id === id));
  return match ?? from.at(0)?.id ?? null;
}
