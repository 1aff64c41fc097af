/** What the view of importance remembers of itself, and which columns its plot has. Pure. */

import type { IColumn } from '../../../models/columns';

export const VIEWS = ['slice', 'scatter', 'contour'] as const;

export type PlotView = (typeof VIEWS)[number];

export interface IImportanceSettings {
  /** The metric that parameters matter for; empty for the objective. */
  metric: string;
  view: string;
  /** Columns; empty for what suggests itself. */
  x: string;
  y: string;
  /** The second parameter of a contour. */
  second: string;
  /** What points are colored by: `value` or `state`. */
  color: string;
  /** Whether the objective is logarithmic. */
  isLogObjective: boolean;
}

export const DEFAULT_SETTINGS: IImportanceSettings = {
  metric: '',
  view: 'slice',
  x: '',
  y: '',
  second: '',
  color: 'value',
  isLogObjective: false
};

export interface IPlotColumns {
  view: PlotView;
  /** Null where there is no column for it. */
  x: string | null;
  y: string | null;
  /** What can be chosen for each. */
  choices: { x: readonly IColumn[]; y: readonly IColumn[] };
}

/** The columns of the plot. */
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

/** The first of some columns that can be had, or else the first that can. */
function firstAvailable(from: readonly IColumn[], ...preferred: readonly string[]): string | null {
  const match = preferred.find(id => from.some(column => column.id === id));
  return match ?? from.at(0)?.id ?? null;
}
