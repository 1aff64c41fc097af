/** The number of runs in each state; each state is a filter. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import { StateLabel } from '../../../components/StateLabel';
import { stateLabel } from '../../../states';
import type { SweepModel } from '../../../models/sweepModel';
import type { RunState } from '../../../api/schemas';

const ORDER: readonly RunState[] = [
  'running',
  'pending',
  'finished',
  'pruned',
  'stopped',
  'failed',
  'killed',
  'lost'
];

export function StateFilter({ sweep }: { sweep: SweepModel }): ReactElement {
  const { trans } = usePanelContext();
  const counts = new Map<RunState, number>();
  for (const row of sweep.rows) {
    counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
  }
  const { filter } = sweep.viewState;
  return (
    <div className="jp-wm-StateFilter" role="group" aria-label={trans.__('Runs by state')}>
      {ORDER.filter(state => counts.has(state)).map(state => {
        const isOn = filter.states.includes(state);
        const states = isOn
          ? filter.states.filter(other => other !== state)
          : [...filter.states, state];
        return (
          <button
            key={state}
            type="button"
            className="jp-wm-Button"
            aria-pressed={isOn}
            title={trans.__('Show only %1 runs', stateLabel(state, trans))}
            onClick={() => sweep.setViewState({ filter: { ...filter, states } })}
          >
            <StateLabel state={state} /> {counts.get(state)}
          </button>
        );
      })}
    </div>
  );
}
