/** Two columns of the runs plotted against each other: slice, scatter or contour. */

import type { ReactElement } from 'react';

import type { IColumn } from '../../../models/columns';
import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import type { SweepModel } from '../../../models/sweepModel';
import { columnLabel } from '../columnLabels';
import { ParameterPlot } from './ParameterPlot';
import {
  choosePlotColumns,
  type IImportanceSettings,
  VIEWS,
  type PlotView
} from './importanceSettings';

export function ParameterPanel({
  sweep,
  settings,
  onSettings,
  important
}: {
  sweep: SweepModel;
  settings: IImportanceSettings;
  onSettings: (changes: Partial<IImportanceSettings>) => void;
  /** The columns of the parameters, the most important ones first. */
  important: readonly string[];
}): ReactElement {
  const { trans } = usePanelContext();
  const objective = sweep.summary;
  const plotColumns = choosePlotColumns(settings, sweep.columns, important);
  const labels: Record<PlotView, string> = {
    slice: trans.__('Slice'),
    scatter: trans.__('Scatter'),
    contour: trans.__('Contour')
  };
  const columnSelect = (
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
            {columnLabel(column.id, objective, trans)}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <section className="jp-wm-ParameterPanel" aria-label={trans.__('Parameters and results')}>
      <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Plot')}>
        <span role="group" aria-label={trans.__('Plot type')} className="jp-wm-SegmentedControl">
          {VIEWS.map(view => (
            <Button
              key={view}
              label={labels[view]}
              isPressed={view === plotColumns.view}
              onClick={() => onSettings({ view })}
            />
          ))}
        </span>
        {columnSelect(trans.__('over'), plotColumns.choices.x, plotColumns.x ?? '', 'x')}
        {plotColumns.view !== 'slice' &&
          columnSelect(
            trans.__('and'),
            plotColumns.choices.y,
            plotColumns.y ?? '',
            plotColumns.view === 'contour' ? 'second' : 'y'
          )}
        {plotColumns.view !== 'contour' && (
          <label>
            {trans.__('color')}
            <select
              className="jp-wm-Input"
              value={settings.color}
              onChange={event => onSettings({ color: event.target.value })}
            >
              <option value="value">{columnLabel('value', objective, trans)}</option>
              <option value="state">{columnLabel('state', objective, trans)}</option>
            </select>
          </label>
        )}
        <Button
          label={trans.__('log')}
          title={trans.__('Logarithmic objective')}
          isPressed={settings.isLogObjective}
          onClick={() => onSettings({ isLogObjective: !settings.isLogObjective })}
        />
      </div>
      {plotColumns.x === null || plotColumns.y === null ? (
        <p className="jp-wm-Figure-empty">
          {plotColumns.view === 'contour'
            ? trans.__('A contour plot requires two parameters.')
            : trans.__('The sweep has no parameters.')}
        </p>
      ) : (
        <ParameterPlot
          sweep={sweep}
          view={plotColumns.view}
          x={plotColumns.x}
          y={plotColumns.y}
          byState={settings.color === 'state' && plotColumns.view !== 'contour'}
          log={settings.isLogObjective}
        />
      )}
    </section>
  );
}
