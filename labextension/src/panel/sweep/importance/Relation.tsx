/** Two columns of the runs against each other: a parameter and the objective, any two, a contour. */

import type { ReactElement } from 'react';

import type { IColumn } from '../../../columns';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import type { SweepModel } from '../../../sweep';
import { titleOf } from '../titles';
import { RelationPlot } from './RelationPlot';
import { chosenColumns, type ISettings, VIEWS, type View } from './settings';

export function Relation({
  sweep,
  settings,
  onSettings,
  important
}: {
  sweep: SweepModel;
  settings: ISettings;
  onSettings: (changes: Partial<ISettings>) => void;
  /** Columns of the parameters, the most important ones first. */
  important: readonly string[];
}): ReactElement {
  const { trans } = useLab();
  const metric = sweep.summary?.metric ?? null;
  const chosen = chosenColumns(settings, sweep.columns, important);
  const words: Record<View, string> = {
    slice: trans.__('Slice'),
    scatter: trans.__('Scatter'),
    contour: trans.__('Contour')
  };
  const choose = (
    label: string,
    choices: readonly IColumn[],
    value: string,
    key: 'x' | 'y' | 'second'
  ) => (
    <label>
      {label}
      <select
        className="jp-wm-Input"
        value={value}
        onChange={event => onSettings({ [key]: event.target.value })}
      >
        {choices.map(column => (
          <option key={column.id} value={column.id}>
            {titleOf(column.id, metric, trans)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section className="jp-wm-Relation" aria-label={trans.__('Parameters and results')}>
      <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Plot')}>
        <span role="group" aria-label={trans.__('Kind of plot')} className="jp-wm-Choice">
          {VIEWS.map(view => (
            <Button
              key={view}
              label={words[view]}
              pressed={view === chosen.view}
              onClick={() => onSettings({ view })}
            />
          ))}
        </span>
        {choose(trans.__('over'), chosen.choices.x, chosen.x ?? '', 'x')}
        {chosen.view !== 'slice' &&
          choose(
            trans.__('and'),
            chosen.choices.y,
            chosen.y ?? '',
            chosen.view === 'contour' ? 'second' : 'y'
          )}
        {chosen.view !== 'contour' && (
          <label>
            {trans.__('colour')}
            <select
              className="jp-wm-Input"
              value={settings.colour}
              onChange={event => onSettings({ colour: event.target.value })}
            >
              <option value="value">{titleOf('value', metric, trans)}</option>
              <option value="state">{titleOf('state', metric, trans)}</option>
            </select>
          </label>
        )}
        <Button
          label={trans.__('log')}
          title={trans.__('Logarithmic objective')}
          pressed={settings.log}
          onClick={() => onSettings({ log: !settings.log })}
        />
      </div>
      {chosen.x === null || chosen.y === null ? (
        <p className="jp-wm-Figure-none">
          {chosen.view === 'contour'
            ? trans.__('A contour needs two parameters.')
            : trans.__('The sweep has no parameters.')}
        </p>
      ) : (
        <RelationPlot
          sweep={sweep}
          view={chosen.view}
          x={chosen.x}
          y={chosen.y}
          byState={settings.colour === 'state' && chosen.view !== 'contour'}
          log={settings.log}
        />
      )}
    </section>
  );
}
