/** The active selection and filter conditions, in every tab, each with a button that removes it. */

import { closeIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { isFilterActive } from '../../models/viewState';
import { NO_FILTER, withRange } from '../../models/columns';
import { usePanelContext } from '../../components/context';
import { Button } from '../../components/Button';
import { stateLabel } from '../../states';
import type { SweepModel } from '../../models/sweepModel';
import { rangeLabel, columnLabel } from './columnLabels';

export function FilterChips({ sweep }: { sweep: SweepModel }): ReactElement {
  const { trans } = usePanelContext();
  const { filter } = sweep.viewState;
  const objective = sweep.summary;
  const updateFilter = (changes: Partial<typeof filter>) =>
    sweep.setViewState({ filter: { ...filter, ...changes } });
  return (
    <div className="jp-wm-FilterChips" role="group" aria-label={trans.__('Chosen runs')}>
      {sweep.selectedIds.size > 0 && (
        <Chip
          text={trans.__('%1 of %2 selected', sweep.activeRuns.length, sweep.filteredRuns.length)}
          onClose={() => sweep.setViewState({ selection: [] })}
        />
      )}
      {filter.text.trim() !== '' && (
        <Chip text={`“${filter.text.trim()}”`} onClose={() => updateFilter({ text: '' })} />
      )}
      {filter.states.length > 0 && (
        <Chip
          text={filter.states.map(state => stateLabel(state, trans)).join(', ')}
          onClose={() => updateFilter({ states: [] })}
        />
      )}
      {Object.entries(filter.ranges).map(([column, range]) => (
        <Chip
          key={column}
          text={`${columnLabel(column, objective, trans)} ${rangeLabel(column, range, trans)}`}
          onClose={() => updateFilter(withRange(filter, column, null))}
        />
      ))}
      {sweep.hiddenCount > 0 && (
        <Button
          label={
            sweep.showsHidden
              ? trans.__('Hide %1 again', sweep.hiddenCount)
              : trans.__('%1 hidden', sweep.hiddenCount)
          }
          title={trans.__('Show or leave out the runs that were hidden')}
          isPressed={sweep.showsHidden}
          onClick={() => sweep.saveSettings('hidden', { shown: !sweep.showsHidden })}
        />
      )}
      {isFilterActive(filter) && (
        <>
          <span className="jp-wm-FilterChips-count">
            {trans.__('%1 of %2 runs', sweep.filteredRuns.length, sweep.rows.length)}
          </span>
          <Button
            label={trans.__('Show all')}
            onClick={() => sweep.setViewState({ filter: NO_FILTER })}
          />
        </>
      )}
    </div>
  );
}

function Chip({ text, onClose }: { text: string; onClose: () => void }): ReactElement {
  const { trans } = usePanelContext();
  return (
    <span className="jp-wm-Chip">
      <span className="jp-wm-Chip-text" title={text}>
        {text}
      </span>
      <Button label={trans.__('Remove: %1', text)} icon={closeIcon} onClick={onClose} />
    </span>
  );
}
