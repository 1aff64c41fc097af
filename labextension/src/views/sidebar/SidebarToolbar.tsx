/** The toolbar above the list: filter, new sweep, refresh. */

import { addIcon, filterIcon, refreshIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useRef, useState } from 'react';

import { showError } from '../../commands/command';
import { usePanelContext } from '../../components/context';
import { Button, CommandButton } from '../../components/Button';
import { Popover } from '../../components/Popover';
import { SearchBox } from '../../components/SearchBox';
import { StateLabel } from '../../components/StateLabel';
import { STATE_ICONS } from '../../stateStyles';
import { Commands } from '../../tokens';
import type { SweepState } from '../../api/schemas';
import type { SidebarModel } from './sidebarModel';

export function SidebarToolbar({ list }: { list: SidebarModel }): ReactElement {
  const { model, trans } = usePanelContext();
  const [isFilterOpen, setChoosing] = useState(false);
  const [isRefreshing, setAsking] = useState(false);
  const states = useRef<HTMLSpanElement>(null);
  const { filter } = list;
  const refresh = async () => {
    setAsking(true);
    try {
      await model.refresh();
    } catch (error) {
      showError(error);
    } finally {
      setAsking(false);
    }
  };
  return (
    <div className="jp-wm-Sidebar-toolbar" role="toolbar" aria-label={trans.__('Sweeps')}>
      <SearchBox
        label={trans.__('Filter sweeps by words')}
        placeholder={trans.__('Filter sweeps…')}
        value={filter.text}
        onChange={text => list.setFilter({ text })}
      />
      <span ref={states}>
        <Button
          label={trans.__('Filter by state')}
          icon={filterIcon}
          isPressed={filter.states.length > 0}
          onClick={() => setChoosing(!isFilterOpen)}
        />
      </span>
      <CommandButton command={Commands.newSweep} args={{}} icon={addIcon} showLabel={false} />
      <Button
        label={trans.__('Refresh')}
        icon={refreshIcon}
        disabled={isRefreshing}
        onClick={() => void refresh()}
      />
      {isFilterOpen && (
        <Popover
          anchor={states}
          label={trans.__('Filter by state')}
          onClose={() => setChoosing(false)}
        >
          <StateFilterList list={list} />
        </Popover>
      )}
    </div>
  );
}

/** The states of the sweeps, with the number of sweeps in each. */
function StateFilterList({ list }: { list: SidebarModel }): ReactElement {
  const { model, trans } = usePanelContext();
  const selected = list.filter.states;
  const counts = new Map<SweepState, number>(selected.map(state => [state, 0]));
  for (const { state } of model.sweeps) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const order = Object.keys(STATE_ICONS);
  const states = [...counts].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return (
    <div className="jp-wm-Sidebar-states">
      {states.map(([state, count]) => (
        <label key={state}>
          <input
            type="checkbox"
            checked={selected.includes(state)}
            onChange={event =>
              list.setFilter({
                states: event.target.checked
                  ? [...selected, state]
                  : selected.filter(other => other !== state)
              })
            }
          />
          <StateLabel state={state} /> <span className="jp-wm-Sidebar-group-count">({count})</span>
        </label>
      ))}
      {states.length === 0 && <span>{trans.__('No sweeps yet.')}</span>}
      <Button
        label={trans.__('All states')}
        disabled={selected.length === 0}
        onClick={() => list.setFilter({ states: [] })}
      />
    </div>
  );
}
