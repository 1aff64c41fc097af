/** The front of a sweep with several objectives: two of them as a scatter plot. */

import { type ReactElement, useMemo } from 'react';

import { useThrottledValue } from '../../../charts/useThrottledValue';
import { usePanelContext } from '../../../components/context';
import { EmptyState, Skeleton } from '../../../components/Placeholders';
import { useSignal } from '../../../components/useSignal';
import { frontStatuses, type IObjectives, objectivesOf } from '../../../models/pareto';
import type { ITabProps } from '../tabProps';
import { FrontPlot } from './FrontPlot';

const MANY_RUNS = 1000;
const PAUSE_MS = 250;
const LONG_PAUSE_MS = 2000;

export function ParetoTab({ sweep }: ITabProps): ReactElement {
  useSignal(sweep.changed, sweep.viewStateChanged);
  const spec = sweep.detail?.spec;
  const objectives = useMemo(() => objectivesOf(spec), [spec]);
  return objectives === null ? <Skeleton /> : <Front sweep={sweep} objectives={objectives} />;
}

function Front({ sweep, objectives }: ITabProps & { objectives: IObjectives }): ReactElement {
  const { trans } = usePanelContext();
  const { goals } = objectives;
  const settings = sweep.settings('pareto', { x: '', y: '' });
  const rows = useThrottledValue(
    sweep.rows,
    sweep.rows.length > MANY_RUNS ? LONG_PAUSE_MS : PAUSE_MS
  );
  const statuses = useMemo(() => frontStatuses(rows, objectives), [rows, objectives]);
  const x = goals.find(({ name }) => name === settings.x) ?? goals[0];
  const others = goals.filter(goal => goal !== x);
  const y = others.find(({ name }) => name === settings.y) ?? others[0];
  const select = (label: string, value: string, key: 'x' | 'y') => (
    <label>
      {label}
      <select
        className="jp-wm-Input"
        value={value}
        onChange={event =>
          sweep.saveSettings('pareto', {
            x: x.name,
            y: y.name,
            // An objective that is chosen for one axis leaves the other one.
            ...(event.target.value === x.name ? { x: y.name } : {}),
            ...(event.target.value === y.name ? { y: x.name } : {}),
            [key]: event.target.value
          })
        }
      >
        {goals.map(({ name }) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
  return (
    <section className="jp-wm-ParameterPanel jp-wm-Pareto" aria-label={trans.__('Pareto front')}>
      <div className="jp-wm-PlotBar" role="toolbar" aria-label={trans.__('Objectives')}>
        {select(trans.__('over'), x.name, 'x')}
        {select(trans.__('and'), y.name, 'y')}
      </div>
      {statuses.size === 0 ? (
        sweep.isComplete ? (
          <EmptyState>{trans.__('No runs have a value of each objective yet.')}</EmptyState>
        ) : (
          <Skeleton />
        )
      ) : (
        <FrontPlot
          sweep={sweep}
          rows={rows}
          objectives={objectives}
          statuses={statuses}
          goals={[x, y]}
        />
      )}
    </section>
  );
}
