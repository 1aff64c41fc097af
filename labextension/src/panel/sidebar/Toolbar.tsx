/** What stands above the list: its filter, a new sweep, and asking anew. */

import { addIcon, filterIcon, refreshIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useRef, useState } from 'react';

import { complain } from '../../commands/verb';
import { useLab } from '../../lab';
import { Button, CommandButton } from '../../parts/Button';
import { Popover } from '../../parts/Popover';
import { State } from '../../parts/State';
import { MARKS } from '../../states';
import { Commands } from '../../tokens';
import type { SweepState } from '../../wire';
import type { SweepList } from './list';

export function Toolbar({ list }: { list: SweepList }): ReactElement {
  const { model, trans } = useLab();
  const [choosing, setChoosing] = useState(false);
  const [asking, setAsking] = useState(false);
  const states = useRef<HTMLSpanElement>(null);
  const { filter } = list;
  const refresh = async () => {
    setAsking(true);
    try {
      await model.refresh();
    } catch (error) {
      complain(error);
    } finally {
      setAsking(false);
    }
  };
  return (
    <div className="jp-wm-Sidebar-toolbar" role="toolbar" aria-label={trans.__('Sweeps')}>
      <input
        className="jp-wm-Input"
        type="search"
        placeholder={trans.__('Filter sweeps…')}
        aria-label={trans.__('Filter sweeps by words')}
        value={filter.text}
        onChange={event => list.setFilter({ text: event.target.value })}
      />
      <span ref={states}>
        <Button
          label={trans.__('Filter by state')}
          icon={filterIcon}
          pressed={filter.states.length > 0}
          onClick={() => setChoosing(!choosing)}
        />
      </span>
      <CommandButton command={Commands.newSweep} args={{}} icon={addIcon} word={false} />
      <Button
        label={trans.__('Refresh')}
        icon={refreshIcon}
        disabled={asking}
        onClick={() => void refresh()}
      />
      {choosing && (
        <Popover
          anchor={states}
          label={trans.__('Filter by state')}
          onClose={() => setChoosing(false)}
        >
          <States list={list} />
        </Popover>
      )}
    </div>
  );
}

/** The states that sweeps are in, with how many are in each. */
function States({ list }: { list: SweepList }): ReactElement {
  const { model, trans } = useLab();
  const chosen = list.filter.states;
  const counts = new Map<SweepState, number>(chosen.map(state => [state, 0]));
  for (const { state } of model.sweeps) {
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const order = Object.keys(MARKS);
  const states = [...counts].sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
  return (
    <div className="jp-wm-Sidebar-states">
      {states.map(([state, count]) => (
        <label key={state}>
          <input
            type="checkbox"
            checked={chosen.includes(state)}
            onChange={event =>
              list.setFilter({
                states: event.target.checked
                  ? [...chosen, state]
                  : chosen.filter(other => other !== state)
              })
            }
          />
          <State state={state} /> <span className="jp-wm-Sidebar-group-count">({count})</span>
        </label>
      ))}
      {states.length === 0 && <span>{trans.__('There are no sweeps yet.')}</span>}
      <Button
        label={trans.__('All states')}
        disabled={chosen.length === 0}
        onClick={() => list.setFilter({ states: [] })}
      />
    </div>
  );
}
