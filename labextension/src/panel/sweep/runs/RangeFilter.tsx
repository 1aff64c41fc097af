/** Lets runs through whose number lies between two ends; an empty end is open. */

import { type ReactElement, useState } from 'react';

import { type Range, without } from '../../../columns';
import { formatNumber } from '../../../format';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import type { SweepModel } from '../../../sweep';
import type { IShownColumn } from './Row';

export function RangeFilter({
  sweep,
  column
}: {
  sweep: SweepModel;
  column: IShownColumn;
}): ReactElement {
  const { trans } = useLab();
  const { filter } = sweep.choice;
  const range = filter.ranges[column.id] as Range | undefined;
  const given = range !== undefined && 'low' in range ? range : { low: -Infinity, high: Infinity };
  const [ends, setEnds] = useState({ low: endText(given.low), high: endText(given.high) });
  const change = (changes: Partial<typeof ends>) => {
    const texts = { ...ends, ...changes };
    setEnds(texts);
    const low = endOf(texts.low, -Infinity);
    const high = endOf(texts.high, Infinity);
    if (Number.isNaN(low) || Number.isNaN(high)) {
      return;
    }
    const others = without(filter.ranges, column.id);
    const open = low === -Infinity && high === Infinity;
    sweep.choose({
      filter: { ...filter, ranges: open ? others : { ...others, [column.id]: { low, high } } }
    });
  };
  const { scale } = column;
  const field = (end: 'low' | 'high', label: string, all: number | undefined) => (
    <label>
      {label}
      <input
        className="jp-wm-Input"
        inputMode="decimal"
        value={ends[end]}
        placeholder={all === undefined ? '' : formatNumber(all)}
        aria-invalid={Number.isNaN(endOf(ends[end], 0))}
        onChange={event => change({ [end]: event.target.value })}
      />
    </label>
  );
  return (
    <fieldset className="jp-wm-RangeFilter">
      <legend>{trans.__('Only from … to')}</legend>
      {field('low', trans.__('from'), scale?.low)}
      {field('high', trans.__('to'), scale?.high)}
      <Button
        label={trans.__('Clear')}
        disabled={ends.low === '' && ends.high === ''}
        onClick={() => change({ low: '', high: '' })}
      />
    </fieldset>
  );
}

function endText(end: number): string {
  return Number.isFinite(end) ? String(end) : '';
}

/** The number that somebody typed, NaN where it is none (yet). */
function endOf(text: string, open: number): number {
  return text.trim() === '' ? open : Number(text.trim().replace(',', '.'));
}
