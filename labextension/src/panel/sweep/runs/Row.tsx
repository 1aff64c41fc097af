/** One row of the table. Rows that have not changed are not rendered again. */

import { type CSSProperties, memo, type ReactElement } from 'react';

import { cell, duration, type IColumn } from '../../../columns';
import { runColour } from '../../../colours';
import { formatCell, formatDuration, formatTime } from '../../../format';
import { useLab } from '../../../lab';
import { State } from '../../../parts/State';
import { useNow } from '../../../parts/useNow';
import type { RunRow } from '../../../wire';
import { ROW_HEIGHT } from './layout';
import { type IScale, placeOn } from './scales';

/** A column as the table shows it, `start` pixels from the left. */
export interface IShownColumn extends IColumn {
  title: string;
  start: number;
  width: number;
  scale: IScale | null;
}

export interface IRowProps {
  row: RunRow;
  /** Place in the table, from 0. */
  place: number;
  sweep: string;
  columns: readonly IShownColumn[];
  /** The columns in sight; the first one is always shown. */
  first: number;
  end: number;
  selected: boolean;
  focused: boolean;
  best: boolean;
  leaving: boolean;
  /** The column that the keyboard is at, if it is in this row. */
  active: number | null;
  idOf: (run: string, column: number) => string;
}

export const Row = memo(function Row(props: IRowProps): ReactElement {
  const { row, place, columns, first, end, active, idOf } = props;
  const { trans } = useLab();
  const begin = Math.max(1, first);
  const render = (column: IShownColumn, number: number) => (
    <Cell
      key={column.id}
      id={idOf(row.id, number)}
      row={row}
      column={column}
      number={number}
      active={active === number}
    />
  );
  return (
    <div
      role="row"
      className="jp-wm-Row"
      aria-rowindex={place + 2}
      aria-selected={props.selected}
      data-sweep={props.sweep}
      data-run={row.id}
      data-focused={props.focused || undefined}
      data-leaving={props.leaving || undefined}
      style={{ transform: `translateY(${place * ROW_HEIGHT}px)` }}
    >
      <div
        role="gridcell"
        id={idOf(row.id, 0)}
        aria-colindex={1}
        className="jp-wm-Cell jp-wm-mod-first"
        data-active={active === 0 || undefined}
        style={{ width: columns[0].width }}
      >
        <span className="jp-wm-Check" data-check aria-hidden="true">
          {props.selected ? '☑' : '☐'}
        </span>
        <span className="jp-wm-Dot" style={{ background: runColour(row.number) }} />
        <span>
          {row.number}
          {row.attempt > 0 && (
            <span className="jp-wm-Cell-note" title={trans.__('attempt %1', row.attempt)}>
              {` ↻${row.attempt}`}
            </span>
          )}
        </span>
        {props.best && (
          <span className="jp-wm-Best" role="img" aria-label={trans.__('best run')}>
            ★
          </span>
        )}
      </div>
      {begin > 1 && begin < end && (
        <div style={{ flex: 'none', width: columns[begin].start - columns[0].width }} />
      )}
      {columns.slice(begin, end).map((column, each) => render(column, begin + each))}
    </div>
  );
});

interface ICellProps {
  id: string;
  row: RunRow;
  column: IShownColumn;
  number: number;
  active: boolean;
}

function Cell({ id, row, column, number, active }: ICellProps): ReactElement {
  const value = cell(row, column.id);
  const style: CSSProperties = { width: column.width };
  let content: ReactElement | string;
  let title: string | undefined;
  if (column.id === 'state') {
    content = <State state={row.state} />;
    title = row.failure || row.cause || undefined;
  } else if (column.id === 'duration') {
    content = row.ended === null ? <Elapsed row={row} /> : formatDuration(duration(row));
  } else if (column.id === 'started') {
    content = row.started === null ? '–' : formatTime(row.started);
  } else {
    content = formatCell(value, column.scale?.digits);
    title = typeof value === 'string' ? value : undefined;
  }
  const scaled = typeof value === 'number' && column.scale ? placeOn(column.scale, value) : null;
  if (scaled !== null) {
    style.backgroundSize = `${(100 * scaled).toFixed(1)}% 17px`;
  }
  return (
    <div
      role="gridcell"
      id={id}
      aria-colindex={number + 1}
      className={`jp-wm-Cell ${column.numeric ? 'jp-wm-mod-number' : ''}`}
      data-active={active || undefined}
      title={title}
      style={style}
    >
      {content}
    </div>
  );
}

/** The duration of a run that is still going on. */
function Elapsed({ row }: { row: RunRow }): ReactElement {
  useNow();
  return <>{formatDuration(duration(row))}</>;
}
