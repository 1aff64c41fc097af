/** All sweeps of this user, active ones first; each opens its view. */

import type { ReactElement } from 'react';

import { TEMPLATE_CELLS } from '../../template';
import { usePanelContext } from '../../components/context';
import { useSignal } from '../../components/useSignal';
import { ErrorBoundary } from '../../components/ErrorBoundary';
import { Button, CommandButton } from '../../components/Button';
import {
  EmptyState,
  ErrorMessage,
  Skeleton,
  ConnectionBanner
} from '../../components/Placeholders';
import { Commands } from '../../tokens';
import { matchesFilter, unreadableMatchesFilter } from './sweepGroups';
import type { SidebarModel } from './sidebarModel';
import { SidebarToolbar } from './SidebarToolbar';
import { SweepTree } from './SweepTree';

export function Sidebar({ list }: { list: SidebarModel }): ReactElement {
  const { model, trans } = usePanelContext();
  useSignal(model.changed, list.changed);
  return (
    <div className="jp-wm-Sidebar">
      <SidebarToolbar list={list} />
      <ConnectionBanner />
      {model.problem !== '' && (
        <ErrorMessage message={model.problem} onRetry={() => void model.refresh()} />
      )}
      <ErrorBoundary trans={trans}>
        <Content list={list} />
      </ErrorBoundary>
    </div>
  );
}

function Content({ list }: { list: SidebarModel }): ReactElement {
  const { model, trans } = usePanelContext();
  if (!model.isReady) {
    return model.problem === '' ? <Skeleton /> : <></>;
  }
  if (model.sweeps.length + model.unreadable.length === 0) {
    const [setup, training] = TEMPLATE_CELLS;
    return (
      <div className="jp-wm-Sidebar-empty">
        <EmptyState>{trans.__('No sweeps yet. Open a notebook with a small example:')}</EmptyState>
        <CommandButton command={Commands.newSweep} args={{}} showLabel />
        <EmptyState code={setup}>{trans.__('Or write it yourself: the config…')}</EmptyState>
        <EmptyState code={training}>{trans.__('…and one run, in a separate cell:')}</EmptyState>
      </div>
    );
  }
  const sweeps = model.sweeps.filter(sweep => matchesFilter(sweep, list.filter));
  const unreadable = model.unreadable.filter(sweep => unreadableMatchesFilter(sweep, list.filter));
  if (sweeps.length + unreadable.length === 0) {
    return (
      <EmptyState>
        <p>{trans.__('No sweeps match the filter.')}</p>
        <Button
          label={trans.__('Show all')}
          onClick={() => list.setFilter({ text: '', states: [] })}
        />
      </EmptyState>
    );
  }
  return <SweepTree list={list} sweeps={sweeps} unreadable={unreadable} />;
}
