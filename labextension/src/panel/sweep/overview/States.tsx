/** How many runs are in which state; each is a filter. */

import type { ReactElement } from 'react';

import { useLab } from '../../../lab';
import { State } from '../../../parts/State';
import { stateWord } from '../../../states';
import type { SweepModel } from '../../../sweep';
import type { RunState } from '../../../wire';

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

export function States({ sweep }: { sweep: SweepModel }): ReactElement {
  const { trans } = useLab();
  const counts = new Map<RunState, number>();
  for (const row of sweep.rows) {
    counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
  }
  const { filter } = sweep.choice;
  return (
    <div className="jp-wm-States" role="group" aria-label={trans.__('Runs by state')}>
      {ORDER.filter(state => counts.has(state)).map(state => {
        const on = filter.states.includes(state);
        const states = on
          ? filter.states.filter(each => each !== state)
          : [...filter.states, state];
        return (
          <button
            key={state}
            type="button"
            className="jp-wm-Button"
            aria-pressed={on}
            title={trans.__('Only runs that are %1', stateWord(state, trans))}
            onClick={() => sweep.choose({ filter: { ...filter, states } })}
          >
            <State state={state} /> {counts.get(state)}
          </button>
        );
      })}
    </div>
  );
}
