/** Filters runs by a range of numbers; an empty end is open. */

import { type ReactElement, useState } from 'react';

import { type Range, withRange } from '../../../models/columns';
import { formatNumber } from '../../../format';
import { usePanelContext } from '../../../components/context';
import type { SweepModel } from '../../../models/sweepModel';
import { FilterFieldset } from './FilterFieldset';
import type { IShownColumn } from './TableRow';

export function RangeFilter({
  sweep,
  column
}: {
  sweep: SweepModel;
  column: IShownColumn;
}): ReactElement {
  const { trans } = usePanelContext();
  const { filter } = sweep.viewState;
  const range = filter.ranges[column.id] as Range | undefined;
  const current =
    range !== undefined && 'low' in range ? range : { low: -Infinity, high: Infinity };
  const [ends, setEnds] = useState({ low: formatEnd(current.low), high: formatEnd(current.high) });
  const change = (changes: Partial<typeof ends>) => {
    const texts = { ...ends, ...changes };
    setEnds(texts);
    const low = parseEnd(texts.low, -Infinity);
    const high = parseEnd(texts.high, Infinity);
    if (Number.isNaN(low) || Number.isNaN(high)) {
      return;
    }
    const isOpen = low === -Infinity && high === Infinity;
    sweep.setViewState({ filter: withRange(filter, column.id, isOpen ? null : { low, high }) });
  };
  const { scale } = column;
  const field = (end: 'low' | 'high', label: string, extreme: number | undefined) => (
    <label>
      {label}
      <input
        className="jp-wm-Input"
        inputMode="decimal"
        value={ends[end]}
        placeholder={extreme === undefined ? '' : formatNumber(extreme)}
        aria-invalid={Number.isNaN(parseEnd(ends[end], 0))}
        onChange={event => change({ [end]: event.target.value })}
      />
    </label>
  );
  return (
    <FilterFieldset
      title={trans.__('Range')}
      isEmpty={ends.low === '' && ends.high === ''}
      onClear={() => change({ low: '', high: '' })}
    >
      {field('low', trans.__('from'), scale?.low)}
      {field('high', trans.__('to'), scale?.high)}
    </FilterFieldset>
  );
}

function formatEnd(end: number): string {
  return Number.isFinite(end) ? String(end) : '';
}

/** The typed number; NaN if it is not a number (yet). */
function parseEnd(text: string, open: number): number {
  return text.trim() === '' ? open : Number(text.trim().replace(',', '.'));
}
