/** One sweep in the main area: a header that summarizes it, and tabs. */

import { type ComponentType, type ReactElement, useEffect, useMemo } from 'react';

import { usePanelContext } from '../../components/context';
import { useSignal } from '../../components/useSignal';
import { ErrorBoundary } from '../../components/ErrorBoundary';
import { lazyView } from '../../components/LazyView';
import { ErrorMessage, Skeleton, ConnectionBanner } from '../../components/Placeholders';
import { Tabs } from '../../components/Tabs';
import { objectivesOf } from '../../models/pareto';
import type { SweepModel } from '../../models/sweepModel';
import { useViewTab, useVisible } from '../../components/viewContext';
import { FilterChips } from './FilterChips';
import { CompareTab } from './compare/CompareTab';
import { SweepHeader } from './SweepHeader';
import { OverviewTab } from './overview/OverviewTab';
import { RunsTab } from './runs/RunsTab';
import { SpecTab } from './spec/SpecTab';
import { useViewState } from './useViewState';
import type { ITabProps } from './tabProps';

// Plots need their libraries: these tabs are loaded when they are first opened.
const Curves = lazyView(async () => (await import('./curves/CurvesTab')).CurvesTab);
const Parallel = lazyView(async () => (await import('./parallel/ParallelTab')).ParallelTab);
const Importance = lazyView(
  async () => (await import('./importance/ImportanceTab')).ImportanceTab
);
const Pareto = lazyView(async () => (await import('./pareto/ParetoTab')).ParetoTab);

const TABS: Record<string, ComponentType<ITabProps>> = {
  overview: OverviewTab,
  runs: RunsTab,
  curves: Curves,
  parallel: Parallel,
  importance: Importance,
  pareto: Pareto,
  compare: CompareTab,
  spec: SpecTab
};

export function SweepView({ id }: { id: string }): ReactElement {
  const { model, trans } = usePanelContext();
  const modelRef = useMemo(() => model.acquire(id), [model, id]);
  useEffect(() => () => modelRef.dispose(), [modelRef]);
  const sweep = modelRef.model;
  const visible = useVisible();
  useSignal(model.changed, sweep.changed);
  const isKnown = sweep.summary !== undefined;
  useEffect(() => {
    const subscription = visible && isKnown ? sweep.follow() : null;
    return () => subscription?.dispose();
  }, [sweep, visible, isKnown]);
  useViewState(sweep);

  const labels: Record<string, string> = {
    overview: trans.__('Overview'),
    runs: trans.__('Runs'),
    curves: trans.__('Curves'),
    parallel: trans.__('Parallel'),
    importance: trans.__('Importance'),
    pareto: trans.__('Pareto'),
    compare: trans.__('Compare'),
    spec: trans.__('Spec')
  };
  const { tab } = sweep.settings('view', { tab: 'overview' });
  const hasFront = objectivesOf(sweep.detail?.spec) !== null;
  const names = Object.keys(TABS).filter(name => hasFront || name !== 'pareto');
  const open = names.includes(tab) ? tab : 'overview';
  const Tab = TABS[open];
  const onOpen = (name: string) => {
    if (name in TABS) {
      sweep.saveSettings('view', { tab: name });
    }
  };
  const { summary } = sweep;
  if (summary === undefined || !sweep.isRestored) {
    return <MissingSweep sweep={sweep} />;
  }
  return (
    <div className="jp-wm-SweepView" data-sweep={id}>
      <OpenTab open={open} onOpen={onOpen} />
      <ConnectionBanner />
      <SweepHeader summary={summary} detail={sweep.detail} />
      {sweep.problem !== '' && (
        <ErrorMessage message={sweep.problem} onRetry={() => sweep.retry()} />
      )}
      <Tabs
        label={trans.__('Views of the sweep')}
        tabs={names.map(name => ({ name, label: labels[name] }))}
        open={open}
        onOpen={onOpen}
        beside={<FilterChips sweep={sweep} />}
      >
        <ErrorBoundary key={open} trans={trans}>
          <Tab sweep={sweep} />
        </ErrorBoundary>
      </Tabs>
    </div>
  );
}

/** Connects the tabs with links; only once the saved state has been restored. */
function OpenTab({ open, onOpen }: { open: string; onOpen: (name: string) => void }): null {
  useViewTab(open, onOpen);
  return null;
}

/** The sweep is not available: not loaded yet, unreadable, or deleted. */
function MissingSweep({ sweep }: { sweep: SweepModel }): ReactElement {
  const { model, trans } = usePanelContext();
  const unreadable = model.unreadable.find(candidate => candidate.id === sweep.id);
  if (unreadable !== undefined) {
    return <ErrorMessage message={unreadable.reason} onRetry={() => model.socket.retry()} />;
  }
  if (!model.isReady || !sweep.isRestored) {
    return (
      <div className="jp-wm-SweepView">
        <ConnectionBanner />
        {model.problem !== '' && <ErrorMessage message={model.problem} />}
        <Skeleton />
      </div>
    );
  }
  return (
    <ErrorMessage
      message={trans.__(
        'The sweep %1 was not found: its folder was deleted or moved. Close this tab.',
        sweep.id
      )}
    />
  );
}
