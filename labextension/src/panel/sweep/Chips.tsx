/** What is chosen, in words, in every tab: the selection and each condition, with a way out of it. */

import { closeIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { isFiltering } from '../../choice';
import { NO_FILTER, without } from '../../columns';
import { useLab } from '../../lab';
import { Button } from '../../parts/Button';
import { stateWord } from '../../states';
import type { SweepModel } from '../../sweep';
import { rangeText, titleOf } from './titles';

export function Chips({ sweep }: { sweep: SweepModel }): ReactElement {
  const { trans } = useLab();
  const { filter } = sweep.choice;
  const metric = sweep.summary?.metric ?? null;
  const narrow = (changes: Partial<typeof filter>) =>
    sweep.choose({ filter: { ...filter, ...changes } });
  return (
    <div className="jp-wm-Chips" role="group" aria-label={trans.__('Chosen runs')}>
      {sweep.selected.size > 0 && (
        <Chip
          text={trans.__('%1 of %2 selected', sweep.considered.length, sweep.shown.length)}
          onClose={() => sweep.choose({ selection: [] })}
        />
      )}
      {filter.text.trim() !== '' && (
        <Chip text={`“${filter.text.trim()}”`} onClose={() => narrow({ text: '' })} />
      )}
      {filter.states.length > 0 && (
        <Chip
          text={filter.states.map(state => stateWord(state, trans)).join(', ')}
          onClose={() => narrow({ states: [] })}
        />
      )}
      {Object.entries(filter.ranges).map(([column, range]) => (
        <Chip
          key={column}
          text={`${titleOf(column, metric, trans)} ${rangeText(column, range, trans)}`}
          onClose={() => narrow({ ranges: without(filter.ranges, column) })}
        />
      ))}
      {isFiltering(filter) && (
        <>
          <span className="jp-wm-Chips-count">
            {trans.__('%1 of %2 runs', sweep.shown.length, sweep.rows.length)}
          </span>
          <Button
            label={trans.__('Show all')}
            onClick={() => sweep.choose({ filter: NO_FILTER })}
          />
        </>
      )}
    </div>
  );
}

function Chip({ text, onClose }: { text: string; onClose: () => void }): ReactElement {
  const { trans } = useLab();
  return (
    <span className="jp-wm-Chip">
      <span className="jp-wm-Chip-text" title={text}>
        {text}
      </span>
      <Button label={trans.__('Remove: %1', text)} icon={closeIcon} onClick={onClose} />
    </span>
  );
}
