/** All sweeps of this user, those that go on first; each opens its view. */

import type { ReactElement } from 'react';

import { EXAMPLE_CELLS } from '../../example';
import { useLab, useSignal } from '../../lab';
import { Boundary } from '../../parts/Boundary';
import { Button, CommandButton } from '../../parts/Button';
import { Empty, Problem, Skeleton, Stale } from '../../parts/Notices';
import { Commands } from '../../tokens';
import { matches, matchesUnreadable } from './groups';
import type { SweepList } from './list';
import { Toolbar } from './Toolbar';
import { Tree } from './Tree';

export function Sidebar({ list }: { list: SweepList }): ReactElement {
  const { model, trans } = useLab();
  useSignal(model.changed, list.changed);
  return (
    <div className="jp-wm-Sidebar">
      <Toolbar list={list} />
      <Stale />
      {model.problem !== '' && (
        <Problem message={model.problem} onRetry={() => void model.refresh()} />
      )}
      <Boundary trans={trans}>
        <Content list={list} />
      </Boundary>
    </div>
  );
}

function Content({ list }: { list: SweepList }): ReactElement {
  const { model, trans } = useLab();
  if (!model.ready) {
    return model.problem === '' ? <Skeleton /> : <></>;
  }
  if (model.sweeps.length + model.unreadable.length === 0) {
    const [setup, training] = EXAMPLE_CELLS;
    return (
      <div className="jp-wm-Sidebar-empty">
        <Empty>
          {trans.__('There are no sweeps yet. A notebook with a small one to begin with:')}
        </Empty>
        <CommandButton command={Commands.newSweep} args={{}} word />
        <Empty code={setup}>{trans.__('Or type it yourself: what to tune…')}</Empty>
        <Empty code={training}>{trans.__('…and, in a cell of its own, one run:')}</Empty>
      </div>
    );
  }
  const sweeps = model.sweeps.filter(sweep => matches(sweep, list.filter));
  const unreadable = model.unreadable.filter(sweep => matchesUnreadable(sweep, list.filter));
  if (sweeps.length + unreadable.length === 0) {
    return (
      <Empty>
        <p>{trans.__('No sweep matches the filter.')}</p>
        <Button
          label={trans.__('Show all')}
          onClick={() => list.setFilter({ text: '', states: [] })}
        />
      </Empty>
    );
  }
  return <Tree list={list} sweeps={sweeps} unreadable={unreadable} />;
}
