/** Which parameters matter, with plots of the runs: slice, scatter and contour. */

import { refreshIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { formatDuration } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { useNow } from '../../../components/useNow';
import { Button } from '../../../components/Button';
import { EmptyState, ErrorMessage, Skeleton } from '../../../components/Placeholders';
import type { ITabProps } from '../tabProps';
import { ImportanceTable } from './ImportanceTable';
import { useImportance } from './useImportance';
import { ParameterPanel } from './ParameterPanel';
import {
  DEFAULT_SETTINGS,
  EVALUATORS,
  type IImportanceSettings,
  importanceQueryOf,
  QUANTILES
} from './importanceSettings';

const EXAMPLE = `metric:
  name: loss
  goal: minimize`;

export function ImportanceTab({ sweep }: ITabProps): ReactElement {
  const { trans } = usePanelContext();
  useSignal(sweep.changed, sweep.viewStateChanged);
  const settings = sweep.settings<IImportanceSettings>('importance', DEFAULT_SETTINGS);
  const onSettings = (changes: Partial<IImportanceSettings>) =>
    sweep.saveSettings('importance', { ...changes });
  const { summary } = sweep;
  const objective = summary?.metric ?? null;
  const metrics = sweep.columns.filter(column => column.group === 'summary' && column.numeric);
  const metric = metrics.some(column => column.name === settings.metric) ? settings.metric : '';
  const query = importanceQueryOf(settings, metric);
  const importance = useImportance(sweep, query);
  const evaluator = query.evaluator ?? EVALUATORS[0];
  const evaluatorLabels: Record<string, string> = {
    'ped-anova': trans.__('PED-ANOVA'),
    fanova: trans.__('fANOVA'),
    permutation: trans.__('permutation')
  };
  const explanations: Record<string, string> = {
    'ped-anova': trans.__('What distinguishes the best runs from all runs.'),
    fanova: trans.__(
      'How much of the variance over the whole space each parameter explains by itself.'
    ),
    permutation: trans.__(
      'How much worse a forest of random trees predicts runs if a parameter is shuffled, including interactions.'
    )
  };
  const { value } = importance;
  if (sweep.rows.length === 0) {
    return sweep.isComplete ? (
      <EmptyState>
        {trans.__('No runs started yet; importance is available when some runs have ended.')}
      </EmptyState>
    ) : (
      <Skeleton />
    );
  }
  const parameters = value?.parameters ?? [];
  const parameter = settings.x.startsWith('params.')
    ? settings.x.slice(7)
    : settings.x === ''
      ? (parameters.at(0)?.name ?? '')
      : '';
  return (
    <div className="jp-wm-Importance">
      <section className="jp-wm-Importance-bars" aria-label={trans.__('Importance')}>
        <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Importance')}>
          <label>
            {trans.__('for')}
            <select
              className="jp-wm-Input"
              value={metric}
              onChange={event => onSettings({ metric: event.target.value })}
            >
              <option value="">{objective ?? trans.__('Objective')}</option>
              {metrics
                .filter(({ name }) => name !== objective)
                .map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
            </select>
          </label>
          <label>
            {trans.__('by')}
            <select
              className="jp-wm-Input"
              value={evaluator}
              title={explanations[evaluator]}
              onChange={event => onSettings({ evaluator: event.target.value })}
            >
              {EVALUATORS.map(name => (
                <option key={name} value={name}>
                  {evaluatorLabels[name]}
                </option>
              ))}
            </select>
          </label>
          {evaluator === EVALUATORS[0] && (
            <label>
              {trans.__('best')}
              <select
                className="jp-wm-Input"
                value={query.quantile ?? DEFAULT_SETTINGS.quantile}
                title={trans.__('The share of the runs that counts as best')}
                onChange={event => onSettings({ quantile: Number(event.target.value) })}
              >
                {QUANTILES.map(quantile => (
                  <option key={quantile} value={quantile}>
                    {trans.__('%1 %', 100 * quantile)}
                  </option>
                ))}
              </select>
            </label>
          )}
          <Button
            label={trans.__('Recompute')}
            icon={refreshIcon}
            onClick={() => importance.refresh()}
          />
          {value !== null && (
            <span className="jp-wm-PlotBar-note" role="status">
              {trans._n('from %1 run', 'from %1 runs', value.runs)}
            </span>
          )}
        </div>
        {importance.problem !== '' && (
          <ErrorMessage message={importance.problem} onRetry={() => importance.refresh()} />
        )}
        {value !== null && value.warning !== '' && parameters.length > 0 && (
          <p className="jp-wm-Warning" role="status">
            <span aria-hidden="true">⚠ </span>
            {value.warning}
          </p>
        )}
        {value === null ? (
          objective === null && metric === '' ? (
            <EmptyState code={EXAMPLE}>
              {trans.__(
                'The sweep has no objective. Add one to its config, or select a metric above:'
              )}
            </EmptyState>
          ) : (summary?.ended ?? 0) === 0 ? (
            <EmptyState>
              {trans.__('No runs ended yet; importance is available when some runs have ended.')}
            </EmptyState>
          ) : (
            importance.problem === '' && <Computing runs={summary?.ended ?? 0} />
          )
        ) : parameters.length === 0 ? (
          <EmptyState>
            {trans.__(
              'Not enough data yet: importance requires four runs that differ in parameters and result.'
            )}
          </EmptyState>
        ) : (
          <ImportanceTable
            importance={value}
            explanation={explanations[evaluator]}
            chosen={parameter}
            onChoose={name => onSettings({ x: `params.${name}`, view: 'slice' })}
          />
        )}
      </section>
      <ParameterPanel
        sweep={sweep}
        settings={settings}
        onSettings={onSettings}
        important={parameters.map(parameter => `params.${parameter.name}`)}
      />
    </div>
  );
}

/** What happens while the server computes, and for how long. */
function Computing({ runs }: { runs: number }): ReactElement {
  const { trans } = usePanelContext();
  const now = useNow();
  const [started] = useState(now);
  return (
    <>
      <p className="jp-wm-PlotBar-note" role="status">
        {trans._n(
          'Computing the importance from %1 run…',
          'Computing the importance from %1 runs…',
          runs
        )}{' '}
        {now - started >= 2 && formatDuration(now - started)}
      </p>
      <Skeleton />
    </>
  );
}
