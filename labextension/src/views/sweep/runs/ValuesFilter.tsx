/** Filters runs by a set of values, and shows how many runs have each. */

import type { ReactElement } from 'react';

import {
  type Range,
  cellReader,
  NONE_VALUE,
  rangeValue,
  withRange
} from '../../../models/columns';
import { MISSING, NONE } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { stateLabel } from '../../../states';
import type { SweepModel } from '../../../models/sweepModel';
import type { RunRow, RunState } from '../../../api/schemas';
import { FilterFieldset } from './FilterFieldset';
import type { IShownColumn } from './TableRow';

/** Columns with more values than this should use the text filter. */
const MAX_VALUES = 100;

export function ValuesFilter({
  sweep,
  column
}: {
  sweep: SweepModel;
  column: IShownColumn;
}): ReactElement {
  const { trans } = usePanelContext();
  const { filter } = sweep.viewState;
  const isState = column.id === 'state';
  const range = filter.ranges[column.id] as Range | undefined;
  const selected: readonly string[] = isState
    ? filter.states
    : range !== undefined && 'values' in range
      ? range.values
      : [];
  const setSelected = (values: readonly string[]) => {
    sweep.setViewState({
      filter: isState
        ? { ...filter, states: values as RunState[] }
        : withRange(filter, column.id, values.length === 0 ? null : { values })
    });
  };
  const counts = countValues(sweep.rows, column.id);
  const valueLabel = (value: string) =>
    isState
      ? stateLabel(value as RunState, trans)
      : value === 'null' || value === ''
        ? MISSING
        : value === NONE_VALUE
          ? NONE
          : value;
  return (
    <FilterFieldset
      title={trans.__('Values')}
      isEmpty={selected.length === 0}
      onClear={() => setSelected([])}
    >
      <div className="jp-wm-ValuesFilter-list">
        {counts.slice(0, MAX_VALUES).map(([value, count]) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={selected.includes(value)}
              onChange={event =>
                setSelected(
                  event.target.checked
                    ? [...selected, value]
                    : selected.filter(other => other !== value)
                )
              }
            />
            <span className="jp-wm-ValuesFilter-value">{valueLabel(value)}</span>
            <span className="jp-wm-ValuesFilter-count">{count}</span>
          </label>
        ))}
      </div>
      {counts.length > MAX_VALUES && (
        <p>{trans.__('and %1 more values; use the text filter', counts.length - MAX_VALUES)}</p>
      )}
    </FilterFieldset>
  );
}

/** The values of a column with their run counts, the most frequent ones first. */
function countValues(rows: readonly RunRow[], column: string): [string, number][] {
  const read = cellReader(column);
  const counts = new Map<string, number>();
  for (const row of rows) {
    const value = rangeValue(row, column, read(row));
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}
