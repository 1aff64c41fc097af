/** What the view of importance remembers of itself, and which columns its plot has. Pure. */

import type { IColumn } from '../../../columns';

export const VIEWS = ['slice', 'scatter', 'contour'] as const;

export type View = (typeof VIEWS)[number];

export interface ISettings {
  /** The metric that parameters matter for; empty for the objective. */
  metric: string;
  view: string;
  /** Columns; empty for what suggests itself. */
  x: string;
  y: string;
  /** The second parameter of a contour. */
  second: string;
  /** What points are coloured by: `value` or `state`. */
  colour: string;
  /** Whether the objective is logarithmic. */
  log: boolean;
}

export const FIRST_SETTINGS: ISettings = {
  metric: '',
  view: 'slice',
  x: '',
  y: '',
  second: '',
  colour: 'value',
  log: false
};

export interface IChosen {
  view: View;
  /** Null where there is no column for it. */
  x: string | null;
  y: string | null;
  /** What can be chosen for each. */
  choices: { x: readonly IColumn[]; y: readonly IColumn[] };
}

/** The columns of the plot. */
export function chosenColumns(
  settings: ISettings,
  columns: readonly IColumn[],
  important: readonly string[]
): IChosen {
  const view = VIEWS.find(each => each === settings.view) ?? 'slice';
  const params = columns.filter(column => column.group === 'params');
  const drawable = columns.filter(
    column =>
      column.group !== 'run' ||
      ['value', 'duration', 'number', 'agent', 'state'].includes(column.id)
  );
  const x = pick(view === 'scatter' ? drawable : params, settings.x, ...important);
  const others = params.filter(column => column.id !== x);
  switch (view) {
    case 'slice':
      return { view, x, y: 'value', choices: { x: params, y: [] } };
    case 'scatter': {
      const y = pick(drawable, settings.y, 'value');
      return { view, x, y, choices: { x: drawable, y: drawable } };
    }
    case 'contour': {
      const y = pick(others, settings.second, ...important.filter(id => id !== x));
      return { view, x, y, choices: { x: params, y: others } };
    }
  }
}

/** The first of some columns that can be had, or else the first that can. */
function pick(from: readonly IColumn[], ...wanted: readonly string[]): string | null {
  const found = wanted.find(id => from.some(column => column.id === id));
  return found ?? from.at(0)?.id ?? null;
}
