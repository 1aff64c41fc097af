/** Which parameters matter, and what the runs show of them: slice, scatter and contour. */

import { refreshIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { useLab, useSignal } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Empty, Problem, Skeleton } from '../../../parts/Notices';
import type { ITabProps } from '../SweepView';
import { Bars } from './Bars';
import { useImportance } from './data';
import { Relation } from './Relation';
import { FIRST_SETTINGS, type ISettings } from './settings';

const EXAMPLE = `metric:
  name: loss
  goal: minimize`;

export function Importance({ sweep }: ITabProps): ReactElement {
  const { trans } = useLab();
  useSignal(sweep.changed, sweep.chosen);
  const settings = sweep.settings<ISettings>('importance', FIRST_SETTINGS);
  const onSettings = (changes: Partial<ISettings>) => sweep.remember('importance', { ...changes });
  const { summary } = sweep;
  const objective = summary?.metric ?? null;
  const others = sweep.columns.filter(each => each.group === 'summary' && each.numeric);
  const metric = others.some(each => each.name === settings.metric) ? settings.metric : '';
  const importance = useImportance(sweep, metric);
  const { value } = importance;
  if (sweep.rows.length === 0) {
    return sweep.complete ? (
      <Empty>{trans.__('No run has begun yet; what matters shows when some have ended.')}</Empty>
    ) : (
      <Skeleton />
    );
  }
  const parameters = value?.parameters ?? [];
  const chosen = settings.x.startsWith('params.')
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
              {others
                .filter(({ name }) => name !== objective)
                .map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
            </select>
          </label>
          <Button
            label={trans.__('Evaluate again')}
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
          <Problem message={importance.problem} onRetry={() => importance.refresh()} />
        )}
        {value !== null && value.warning !== '' && parameters.length > 0 && (
          <p className="jp-wm-Warning" role="status">
            <span aria-hidden="true">⚠ </span>
            {value.warning}
          </p>
        )}
        {value === null ? (
          objective === null && metric === '' ? (
            <Empty code={EXAMPLE}>
              {trans.__(
                'The sweep has no objective. Give its config one, or choose a metric above:'
              )}
            </Empty>
          ) : (summary?.ended ?? 0) === 0 ? (
            <Empty>{trans.__('No run has ended yet; then it shows what mattered.')}</Empty>
          ) : (
            importance.problem === '' && <Skeleton />
          )
        ) : parameters.length === 0 ? (
          <Empty>
            {trans.__(
              'Nothing can be said yet: it takes four runs that differ in parameters and result.'
            )}
          </Empty>
        ) : (
          <Bars
            importance={value}
            chosen={chosen}
            onChoose={name => onSettings({ x: `params.${name}`, view: 'slice' })}
          />
        )}
      </section>
      <Relation
        sweep={sweep}
        settings={settings}
        onSettings={onSettings}
        important={parameters.map(each => `params.${each.name}`)}
      />
    </div>
  );
}
