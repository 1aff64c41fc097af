/** The run's use of system resources over time. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { EmptyState, ErrorMessage } from '../../../components/Placeholders';
import { CurveGrid } from '../CurveGrid';
import type { IRunTabProps } from '../tabProps';
import { groupMetrics, type SystemComponent } from './systemMetrics';

export function SystemTab({ run }: IRunTabProps): ReactElement {
  const { trans } = usePanelContext();
  useSignal(run.sweep.changed, run.system.changed);
  const titles: Record<SystemComponent, string> = {
    gpu: trans.__('GPU'),
    cpu: trans.__('CPU'),
    memory: trans.__('Memory'),
    disk: trans.__('Disk'),
    network: trans.__('Network'),
    other: trans.__('Other')
  };
  const parts = groupMetrics(run.sweep.keys.system, trans);
  if (parts.length === 0) {
    return (
      <EmptyState>
        {trans.__('No system metrics yet: W&B records the first ones after a few seconds.')}
      </EmptyState>
    );
  }
  return (
    <div className="jp-wm-RunCharts">
      {run.system.problem !== '' && (
        <ErrorMessage message={run.system.problem} onRetry={() => run.system.retry()} />
      )}
      <CurveGrid
        run={run}
        curves={run.system}
        axis="time"
        sections={parts.map(({ part, named }) => ({ title: titles[part], cards: named }))}
      />
    </div>
  );
}
