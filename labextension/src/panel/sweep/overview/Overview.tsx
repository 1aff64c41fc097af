/** What a person wants to know first: is it getting better, what is the best, what is wrong. */

import { type ReactElement, type ReactNode, useId, useMemo } from 'react';

import { useLab, useSignal } from '../../../lab';
import { Empty, Skeleton } from '../../../parts/Notices';
import type { ITabProps } from '../SweepView';
import { Agents } from './Agents';
import { BestRun } from './BestRun';
import { BestSoFar } from './BestSoFar';
import { Failures } from './Failures';
import { failuresOf } from './grouping';
import { Origin } from './Origin';
import { States } from './States';
import { Timeline } from './Timeline';

export function Overview({ sweep }: ITabProps): ReactElement | null {
  const { trans } = useLab();
  useSignal(sweep.model.changed, sweep.changed, sweep.chosen);
  const { rows, summary } = sweep;
  const failures = useMemo(() => failuresOf(rows), [rows]);
  if (summary === undefined) {
    return null;
  }
  const nothing = !sweep.complete && rows.length === 0;
  return (
    <div className="jp-wm-Overview">
      {summary.cause !== '' && <div className="jp-wm-Cause">{summary.cause}</div>}
      {summary.notices.length > 0 && (
        <ul className="jp-wm-Notes">
          {summary.notices.map(text => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <Part title={trans.__('Best so far')} wide>
        {nothing ? <Skeleton lines={4} /> : <BestSoFar sweep={sweep} />}
      </Part>
      <Part title={trans.__('Runs by agent')} wide>
        {nothing ? (
          <Skeleton lines={2} />
        ) : (
          <>
            <Timeline sweep={sweep} />
            <States sweep={sweep} />
          </>
        )}
      </Part>
      <Part title={trans.__('Best run')}>
        {summary.best === null ? (
          <Empty>{trans.__('No run has a value of the objective yet.')}</Empty>
        ) : (
          <BestRun sweep={sweep} best={summary.best} />
        )}
      </Part>
      <Part title={trans.__('Agents')}>
        <Agents sweep={sweep} />
      </Part>
      {failures.length > 0 && (
        <Part title={trans.__('Failures')}>
          <Failures sweep={sweep} failures={failures} />
        </Part>
      )}
      <Part title={trans.__('Made by')}>
        <Origin sweep={sweep} />
      </Part>
    </div>
  );
}

function Part({
  title,
  wide,
  children
}: {
  title: string;
  wide?: boolean;
  children: ReactNode;
}): ReactElement {
  const id = useId();
  return (
    <section className={`jp-wm-Part ${wide ? 'jp-wm-mod-wide' : ''}`} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}
