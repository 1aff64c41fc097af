/** One run in the main area: what it is and how it stands, and tabs with all that it left. */

import { type ComponentType, type ReactElement, useEffect, useMemo, useState } from 'react';

import { useLab, useSignal } from '../../lab';
import { Boundary } from '../../parts/Boundary';
import { lazily } from '../../parts/Lazy';
import { Problem, Skeleton, Stale } from '../../parts/Notices';
import { Tabs } from '../../parts/Tabs';
import { RunModel } from '../../run';
import { useTitle, useVisible } from '../widget';
import { Config } from './config/Config';
import { Failure } from './failure/Failure';
import { Files } from './files/Files';
import { Header } from './header/Header';
import { Logs } from './logs/Logs';

/** What every tab is given. */
export interface IRunTabProps {
  run: RunModel;
}

// Plots bring their libraries along: these tabs are loaded when they are opened.
const Charts = lazily(async () => (await import('./charts/Charts')).Charts);
const System = lazily(async () => (await import('./system/System')).System);

const TABS: Record<string, ComponentType<IRunTabProps>> = {
  failure: Failure,
  charts: Charts,
  system: System,
  logs: Logs,
  files: Files,
  config: Config
};

export function RunView({ sweep, run: id }: { sweep: string; run: string }): ReactElement {
  const { model, trans } = useLab();
  const lease = useMemo(() => model.lease(sweep), [model, sweep]);
  useEffect(() => () => lease.dispose(), [lease]);
  const run = useMemo(() => new RunModel(lease.model, id), [lease, id]);
  useEffect(() => () => run.dispose(), [run]);
  const visible = useVisible();
  const known = run.sweep.summary !== undefined;
  useEffect(() => {
    const following = visible && known ? [run.sweep.follow(), run.follow()] : [];
    return () => following.forEach(each => each.dispose());
  }, [run, visible, known]);
  useSignal(model.changed, run.changed, run.sweep.changed, run.sweep.chosen);
  const { row } = run;
  const label = row === undefined ? '' : trans.__('run %1', row.number);
  useTitle(label, [label, row?.name, run.sweep.summary?.name].filter(Boolean).join('\n'));
  if (!known || row === undefined || run.detail === null || !run.sweep.restored) {
    return <Missing run={run} />;
  }
  return (
    <div className="jp-wm-RunView" data-sweep={sweep} data-run={id}>
      <Stale />
      <RunTabs run={run} />
    </div>
  );
}

function RunTabs({ run }: IRunTabProps): ReactElement {
  const { trans } = useLab();
  const { detail, row, sweep } = run;
  // Runs that are opened later begin with the tab that was opened last; open ones keep theirs.
  const [chosen, choose] = useState(() => sweep.settings('run', { tab: '' }).tab);
  const onOpen = (tab: string) => {
    choose(tab);
    sweep.remember('run', { tab });
  };
  // A run that was stopped has a traceback, too: where it was at that time.
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
  const open = names.includes(chosen) ? chosen : failed && chosen === '' ? 'failure' : 'charts';
  const Tab = TABS[open];
  return (
    <>
      <Header run={run} onFailure={() => onOpen('failure')} />
      {run.problem !== '' && <Problem message={run.problem} onRetry={() => run.retry()} />}
      <Tabs
        label={trans.__('Views of the run')}
        tabs={names.map(name => ({ name, label: labels[name] }))}
        open={open}
        onOpen={onOpen}
      >
        <Boundary key={open} trans={trans}>
          <Tab run={run} />
        </Boundary>
      </Tabs>
    </>
  );
}

/** Nothing is known of the run: not yet, not readable, or not any more. */
function Missing({ run }: IRunTabProps): ReactElement {
  const { model, trans } = useLab();
  const { sweep } = run;
  const unreadable = model.unreadable.find(each => each.id === sweep.id);
  const gone = model.ready && sweep.summary === undefined && unreadable === undefined;
  const problem = gone
    ? trans.__(
        'The sweep %1 is gone: its folder has been deleted or moved. Close this tab.',
        sweep.id
      )
    : (unreadable?.reason ?? (run.problem || model.problem));
  return (
    <div className="jp-wm-RunView">
      <Stale />
      {problem === '' ? (
        <Skeleton />
      ) : (
        <Problem message={problem} onRetry={gone ? undefined : () => run.retry()} />
      )}
    </div>
  );
}
