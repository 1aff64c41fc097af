/** What users want to know first: the trend, the best run, and the failures. */

import { type ReactElement, type ReactNode, useId, useMemo } from 'react';

import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { EmptyState, Skeleton } from '../../../components/Placeholders';
import { objectivesOf } from '../../../models/pareto';
import type { ITabProps } from '../tabProps';
import { AgentTable } from './AgentTable';
import { BestRun } from './BestRun';
import { BestSoFarChart } from './BestSoFarChart';
import { FailureList } from './FailureList';
import { FrontRuns } from './FrontRuns';
import { groupFailures } from './failureGroups';
import { LimitsTable } from './LimitsTable';
import { Provenance } from './Provenance';
import { RepeatsTable } from './RepeatsTable';
import { ResourceTable } from './ResourceTable';
import { StateFilter } from './StateFilter';
import { Timeline } from './Timeline';

export function OverviewTab({ sweep }: ITabProps): ReactElement | null {
  const { trans } = usePanelContext();
  useSignal(sweep.host.changed, sweep.changed, sweep.viewStateChanged);
  const { rows, summary } = sweep;
  const failures = useMemo(() => groupFailures(rows), [rows]);
  const spec = sweep.detail?.spec;
  const objectives = useMemo(() => objectivesOf(spec), [spec]);
  if (summary === undefined) {
    return null;
  }
  const isLoading = !sweep.isComplete && rows.length === 0;
  return (
    <div className="jp-wm-Overview">
      {summary.cause !== '' && <div className="jp-wm-Cause">{summary.cause}</div>}
      {summary.notices.length > 0 && (
        <ul className="jp-wm-Notices">
          {summary.notices.map(text => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <Section
        title={
          objectives === null
            ? trans.__('Best so far')
            : trans.__('Best %1 so far', objectives.goals[0].name)
        }
        wide
      >
        {isLoading ? <Skeleton lines={4} /> : <BestSoFarChart sweep={sweep} />}
      </Section>
      <Section title={trans.__('Runs by agent')} wide>
        {isLoading ? (
          <Skeleton lines={2} />
        ) : (
          <>
            <Timeline sweep={sweep} />
            <StateFilter sweep={sweep} />
          </>
        )}
      </Section>
      <Section title={objectives === null ? trans.__('Best run') : trans.__('Best runs')}>
        {objectives !== null ? (
          <FrontRuns sweep={sweep} objectives={objectives} />
        ) : summary.best === null ? (
          <EmptyState>{trans.__('No runs have a value for the objective yet.')}</EmptyState>
        ) : (
          <BestRun sweep={sweep} best={summary.best} />
        )}
      </Section>
      {summary.repeat > 1 && (
        <Section title={trans.__('Best sets of parameters')}>
          <RepeatsTable
            sweep={sweep}
            repeat={summary.repeat}
            maximize={summary.goal === 'maximize'}
          />
        </Section>
      )}
      <Section title={trans.__('Agents')}>
        <AgentTable sweep={sweep} />
      </Section>
      <Section title={trans.__('Resources')}>
        <ResourceTable sweep={sweep} />
      </Section>
      <Section title={trans.__('Time and cost')}>
        <LimitsTable summary={summary} />
      </Section>
      {failures.length > 0 && (
        <Section title={trans.__('Failures')}>
          <FailureList sweep={sweep} failures={failures} />
        </Section>
      )}
      <Section title={trans.__('Provenance')}>
        <Provenance sweep={sweep} />
      </Section>
    </div>
  );
}

function Section({
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
    <section className={`jp-wm-Section ${wide ? 'jp-wm-mod-wide' : ''}`} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}
