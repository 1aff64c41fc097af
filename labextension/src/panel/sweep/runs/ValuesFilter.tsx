/** Lets runs through that have one of the chosen values, of which it counts the runs. */

import type { ReactElement } from 'react';

import { type Range, reader, without } from '../../../columns';
import { MISSING } from '../../../format';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { stateWord } from '../../../states';
import type { SweepModel } from '../../../sweep';
import type { RunRow, RunState } from '../../../wire';
import type { IShownColumn } from './Row';

/** More than these are for the text filter. */
const MOST = 100;

export function ValuesFilter({
  sweep,
  column
}: {
  sweep: SweepModel;
  column: IShownColumn;
}): ReactElement {
  const { trans } = useLab();
  const { filter } = sweep.choice;
  const isState = column.id === 'state';
  const range = filter.ranges[column.id] as Range | undefined;
  const chosen: readonly string[] = isState
    ? filter.states
    : range !== undefined && 'values' in range
      ? range.values
      : [];
  const choose = (values: readonly string[]) => {
    if (isState) {
      sweep.choose({ filter: { ...filter, states: values as RunState[] } });
    } else {
      const others = without(filter.ranges, column.id);
      const ranges = values.length === 0 ? others : { ...others, [column.id]: { values } };
      sweep.choose({ filter: { ...filter, ranges } });
    }
  };
  const counts = countsOf(sweep.rows, column.id);
  const textOf = (value: string) =>
    isState
      ? stateWord(value as RunState, trans)
      : value === 'null' || value === ''
        ? MISSING
        : value;
  return (
    <fieldset className="jp-wm-ValuesFilter">
      <legend>{trans.__('Only with')}</legend>
      <div className="jp-wm-ValuesFilter-list">
        {counts.slice(0, MOST).map(([value, count]) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={chosen.includes(value)}
              onChange={event =>
                choose(
                  event.target.checked ? [...chosen, value] : chosen.filter(each => each !== value)
                )
              }
            />
            <span className="jp-wm-ValuesFilter-value">{textOf(value)}</span>
            <span className="jp-wm-ValuesFilter-count">{count}</span>
          </label>
        ))}
      </div>
      {counts.length > MOST && (
        <p>{trans.__('and %1 more values: use the text filter', counts.length - MOST)}</p>
      )}
      <Button
        label={trans.__('Clear')}
        disabled={chosen.length === 0}
        onClick={() => choose([])}
      />
    </fieldset>
  );
}

/** The values of a column with their numbers of runs, the most frequent ones first. */
function countsOf(rows: readonly RunRow[], column: string): [string, number][] {
  const read = reader(column);
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = String(read(row));
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
}
