/** One sweep in the main area: a header that answers at one glance, and tabs below it. */

import { type ComponentType, type ReactElement, useEffect, useMemo } from 'react';

import { useLab, useSignal } from '../../lab';
import { Boundary } from '../../parts/Boundary';
import { lazily } from '../../parts/Lazy';
import { Problem, Skeleton, Stale } from '../../parts/Notices';
import { Tabs } from '../../parts/Tabs';
import type { SweepModel } from '../../sweep';
import { useVisible } from '../widget';
import { Chips } from './Chips';
import { Compare } from './compare/Compare';
import { Header } from './Header';
import { Overview } from './overview/Overview';
import { Runs } from './runs/Runs';
import { Spec } from './spec/Spec';
import { useChoice } from './useChoice';

/** What every tab is given. */
export interface ITabProps {
  sweep: SweepModel;
}

// Plots bring their libraries along: these tabs are loaded when they are opened.
const Curves = lazily(async () => (await import('./curves/Curves')).Curves);
const Parallel = lazily(async () => (await import('./parallel/Parallel')).Parallel);
const Importance = lazily(async () => (await import('./importance/Importance')).Importance);

const TABS: Record<string, ComponentType<ITabProps>> = {
  overview: Overview,
  runs: Runs,
  curves: Curves,
  parallel: Parallel,
  importance: Importance,
  compare: Compare,
  spec: Spec
};

export function SweepView({ id }: { id: string }): ReactElement {
  const { model, trans } = useLab();
  const lease = useMemo(() => model.lease(id), [model, id]);
  useEffect(() => () => lease.dispose(), [lease]);
  const sweep = lease.model;
  const visible = useVisible();
  useSignal(model.changed, sweep.changed);
  const known = sweep.summary !== undefined;
  useEffect(() => {
    const following = visible && known ? sweep.follow() : null;
    return () => following?.dispose();
  }, [sweep, visible, known]);
  useChoice(sweep);

  const labels: Record<string, string> = {
    overview: trans.__('Overview'),
    runs: trans.__('Runs'),
    curves: trans.__('Curves'),
    parallel: trans.__('Parallel'),
    importance: trans.__('Importance'),
    compare: trans.__('Compare'),
    spec: trans.__('Spec')
  };
  const { tab } = sweep.settings('view', { tab: 'overview' });
  const open = tab in TABS ? tab : 'overview';
  const Tab = TABS[open];
  const { summary } = sweep;
  if (summary === undefined || !sweep.restored) {
    return <Missing sweep={sweep} />;
  }
  return (
    <div className="jp-wm-SweepView" data-sweep={id}>
      <Stale />
      <Header summary={summary} detail={sweep.detail} />
      {sweep.problem !== '' && <Problem message={sweep.problem} onRetry={() => sweep.retry()} />}
      <Tabs
        label={trans.__('Views of the sweep')}
        tabs={Object.keys(TABS).map(name => ({ name, label: labels[name] }))}
        open={open}
        onOpen={name => sweep.remember('view', { tab: name })}
        beside={<Chips sweep={sweep} />}
      >
        <Boundary key={open} trans={trans}>
          <Tab sweep={sweep} />
        </Boundary>
      </Tabs>
    </div>
  );
}

/** Nothing is known of the sweep: not yet, not readable, or not any more. */
function Missing({ sweep }: { sweep: SweepModel }): ReactElement {
  const { model, trans } = useLab();
  const unreadable = model.unreadable.find(each => each.id === sweep.id);
  if (unreadable !== undefined) {
    return <Problem message={unreadable.reason} onRetry={() => model.socket.retry()} />;
  }
  if (!model.ready || !sweep.restored) {
    return (
      <div className="jp-wm-SweepView">
        <Stale />
        {model.problem !== '' && <Problem message={model.problem} />}
        <Skeleton />
      </div>
    );
  }
  return (
    <Problem
      message={trans.__(
        'The sweep %1 is gone: its folder has been deleted or moved. Close this tab.',
        sweep.id
      )}
    />
  );
}
