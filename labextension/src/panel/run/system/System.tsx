/** What the run took of its machine, over time. */

import type { ReactElement } from 'react';

import { useLab, useSignal } from '../../../lab';
import { Empty, Problem } from '../../../parts/Notices';
import { Lines } from '../Lines';
import type { IRunTabProps } from '../RunView';
import { namedParts, type Part } from './names';

export function System({ run }: IRunTabProps): ReactElement {
  const { trans } = useLab();
  useSignal(run.sweep.changed, run.system.changed);
  const titles: Record<Part, string> = {
    gpu: trans.__('GPU'),
    cpu: trans.__('CPU'),
    memory: trans.__('Memory'),
    disk: trans.__('Disk'),
    network: trans.__('Network'),
    other: trans.__('Other')
  };
  const parts = namedParts(run.sweep.keys.system, trans);
  if (parts.length === 0) {
    return (
      <Empty>
        {trans.__(
          'W&B has recorded no system metrics yet: it takes the first ones after some seconds.'
        )}
      </Empty>
    );
  }
  return (
    <div className="jp-wm-RunCharts">
      {run.system.problem !== '' && (
        <Problem message={run.system.problem} onRetry={() => run.system.retry()} />
      )}
      <Lines
        run={run}
        curves={run.system}
        axis="time"
        sections={parts.map(({ part, named }) => ({ title: titles[part], cards: named }))}
      />
    </div>
  );
}
