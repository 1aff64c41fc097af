/** One run in the main area: a header with its state, and tabs with its data. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { type ComponentType, type ReactElement, useEffect, useMemo, useState } from 'react';

import { usePanelContext } from '../../components/context';
import { useSignal } from '../../components/useSignal';
import { ErrorBoundary } from '../../components/ErrorBoundary';
import { lazyView } from '../../components/LazyView';
import { ErrorMessage, Skeleton, ConnectionBanner } from '../../components/Placeholders';
import { Tabs } from '../../components/Tabs';
import { RunModel } from '../../models/runModel';
import { useTitle, useViewTab, useVisible } from '../../components/viewContext';
import { ConfigTab } from './config/ConfigTab';
import { FailureTab } from './failure/FailureTab';
import { FilesTab } from './files/FilesTab';
import { RunHeader } from './header/RunHeader';
import { LogsTab } from './logs/LogsTab';
import type { IRunTabProps } from './tabProps';

// Plots need their libraries: these tabs are loaded when they are first opened.
const Charts = lazyView(async () => (await import('./charts/ChartsTab')).ChartsTab);
const System = lazyView(async () => (await import('./system/SystemTab')).SystemTab);

const TABS: Record<string, ComponentType<IRunTabProps>> = {
  failure: FailureTab,
  charts: Charts,
  system: System,
  logs: LogsTab,
  files: FilesTab,
  config: ConfigTab
};

export function RunView({ sweep, run: id }: { sweep: string; run: string }): ReactElement {
  const { model, trans } = usePanelContext();
  const modelRef = useMemo(() => model.acquire(sweep), [model, sweep]);
  useEffect(() => () => modelRef.dispose(), [modelRef]);
  const run = useMemo(() => new RunModel(modelRef.model, id), [modelRef, id]);
  useEffect(() => () => run.dispose(), [run]);
  const visible = useVisible();
  const isKnown = run.sweep.summary !== undefined;
  useEffect(() => {
    const subscriptions = visible && isKnown ? [run.sweep.follow(), run.follow()] : [];
    return () => subscriptions.forEach(subscription => subscription.dispose());
  }, [run, visible, isKnown]);
  useSignal(model.changed, run.changed, run.sweep.changed, run.sweep.viewStateChanged);
  const { row } = run;
  const { summary } = run.sweep;
  const label = row === undefined ? '' : runTitle(row.number, summary?.name, trans);
  useTitle(label, [label, row?.name, run.sweep.summary?.name].filter(Boolean).join('\n'));
  if (!isKnown || row === undefined || run.detail === null || !run.sweep.isRestored) {
    return <MissingRun run={run} />;
  }
  return (
    <div className="jp-wm-RunView" data-sweep={sweep} data-run={id}>
      <ConnectionBanner />
      <RunTabs run={run} />
    </div>
  );
}

/** The title of a run's tab: runs of several sweeps have the same number. */
export function runTitle(
  number: number | string,
  sweep: string | undefined,
  trans: TranslationBundle
): string {
  const label = trans.__('run %1', number);
  return sweep === undefined ? label : trans.__('%1 · %2', label, sweep);
}

function RunTabs({ run }: IRunTabProps): ReactElement {
  const { trans } = usePanelContext();
  const { detail, row, sweep } = run;
  // Runs that are opened later start with the tab that was opened last; open views keep theirs.
  const [selectedTab, choose] = useState(() => sweep.settings('run', { tab: '' }).tab);
  const onOpen = (tab: string) => {
    choose(tab);
    sweep.saveSettings('run', { tab });
  };
  // A stopped run also has a traceback: where it was when it was stopped.
  const failed = row?.state === 'failed';
  const labels: Record<string, string> = {
    failure: failed ? trans.__('Failure') : trans.__('Traceback'),
    charts: trans.__('Charts'),
    system: trans.__('System'),
    logs: trans.__('Logs'),
    files: trans.__('Files'),
    config: trans.__('Config')
  };
  const names = Object.keys(TABS).filter(name => name !== 'failure' || detail?.error);
  const open = names.includes(selectedTab)
    ? selectedTab
    : failed && selectedTab === ''
      ? 'failure'
      : 'charts';
  const Tab = TABS[open];
  useViewTab(open, onOpen);
  return (
    <>
      <RunHeader run={run} onFailure={() => onOpen('failure')} />
      {run.problem !== '' && <ErrorMessage message={run.problem} onRetry={() => run.retry()} />}
      <Tabs
        label={trans.__('Views of the run')}
        tabs={names.map(name => ({ name, label: labels[name] }))}
        open={open}
        onOpen={onOpen}
      >
        <ErrorBoundary key={open} trans={trans}>
          <Tab run={run} />
        </ErrorBoundary>
      </Tabs>
    </>
  );
}

/** The run is not available: not loaded yet, unreadable, or deleted. */
function MissingRun({ run }: IRunTabProps): ReactElement {
  const { model, trans } = usePanelContext();
  const { sweep } = run;
  const unreadable = model.unreadable.find(candidate => candidate.id === sweep.id);
  const isDeleted = model.isReady && sweep.summary === undefined && unreadable === undefined;
  const problem = isDeleted
    ? trans.__(
        'The sweep %1 was not found: its folder was deleted or moved. Close this tab.',
        sweep.id
      )
    : (unreadable?.reason ?? (run.problem || model.problem));
  return (
    <div className="jp-wm-RunView">
      <ConnectionBanner />
      {problem === '' ? (
        <Skeleton />
      ) : (
        <ErrorMessage message={problem} onRetry={isDeleted ? undefined : () => run.retry()} />
      )}
    </div>
  );
}
