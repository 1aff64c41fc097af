/** One row of the table. Unchanged rows are not rendered again. */

import { type CSSProperties, memo, type ReactElement } from 'react';

import { cellValue, durationOf, type IColumn } from '../../../models/columns';
import { runColor } from '../../../colors';
import { formatCell, formatDuration, formatTime } from '../../../format';
import { nonFiniteCell } from '../compare/comparison';
import { usePanelContext } from '../../../components/context';
import { StateLabel } from '../../../components/StateLabel';
import { useNow } from '../../../components/useNow';
import type { RunRow } from '../../../api/schemas';
import { ROW_HEIGHT } from './tableLayout';
import { type IColumnScale, normalizeOn } from './columnScales';

/** A column as the table shows it, `start` pixels from the left. */
export interface IShownColumn extends IColumn {
  title: string;
  start: number;
  width: number;
  scale: IColumnScale | null;
}

export interface ITableRowProps {
  row: RunRow;
  /** Its index in the table, from 0. */
  index: number;
  sweep: string;
  columns: readonly IShownColumn[];
  /** The visible columns; the first one is always shown. */
  first: number;
  end: number;
  selected: boolean;
  focused: boolean;
  best: boolean;
  baseline: boolean;
  /** How the run ended, if its value hides that. */
  hiddenEnd: string | null;
  isFilteredOut: boolean;
  /** The column at the keyboard, if it is in this row. */
  active: number | null;
  idOf: (run: string, column: number) => string;
}

export const TableRow = memo(function Row(props: ITableRowProps): ReactElement {
  const { row, index, columns, first, end, active, idOf } = props;
  const { trans } = usePanelContext();
  const firstColumn = Math.max(1, first);
  const render = (column: IShownColumn, number: number) => (
    <TableCell
      key={column.id}
      id={idOf(row.id, number)}
      row={row}
      column={column}
      number={number}
      active={active === number}
      hiddenEnd={column.id === 'value' ? props.hiddenEnd : null}
    />
  );
  return (
    <div
      role="row"
      className="jp-wm-TableRow"
      aria-rowindex={index + 2}
      aria-selected={props.selected}
      data-sweep={props.sweep}
      data-run={row.id}
      data-focused={props.focused || undefined}
      data-leaving={props.isFilteredOut || undefined}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
    >
      <div
        role="gridcell"
        id={idOf(row.id, 0)}
        aria-colindex={1}
        className="jp-wm-TableCell jp-wm-mod-first"
        data-active={active === 0 || undefined}
        style={{ width: columns[0].width }}
      >
        <span className="jp-wm-RowCheckbox" data-check aria-hidden="true">
          {props.selected ? '☑' : '☐'}
        </span>
        <span className="jp-wm-Dot" style={{ background: runColor(row.number) }} />
        <span>
          {row.number}
          {row.attempt > 0 && (
            <span className="jp-wm-TableCell-note" title={trans.__('attempt %1', row.attempt)}>
              {` ↻${row.attempt}`}
            </span>
          )}
        </span>
        {props.best && (
          <span className="jp-wm-Best" role="img" aria-label={trans.__('best run')}>
            ★
          </span>
        )}
        {props.baseline && (
          <span
            className="jp-wm-Mark"
            role="img"
            aria-label={trans.__('baseline')}
            title={trans.__('baseline')}
          >
            ◆
          </span>
        )}
        {row.pinned && (
          <span
            className="jp-wm-Mark"
            role="img"
            aria-label={trans.__('pinned')}
            title={trans.__('pinned')}
          >
            ▲
          </span>
        )}
      </div>
      {firstColumn > 1 && firstColumn < end && (
        <div style={{ flex: 'none', width: columns[firstColumn].start - columns[0].width }} />
      )}
      {columns.slice(firstColumn, end).map((column, index) => render(column, firstColumn + index))}
    </div>
  );
});

interface ITableCellProps {
  id: string;
  row: RunRow;
  column: IShownColumn;
  number: number;
  active: boolean;
  hiddenEnd: string | null;
}

function TableCell({ id, row, column, number, active, hiddenEnd }: ITableCellProps): ReactElement {
  const { trans } = usePanelContext();
  const value = cellValue(row, column.id);
  const style: CSSProperties = { width: column.width };
  let content: ReactElement | string;
  let title: string | undefined;
  if (column.id === 'state') {
    content = <StateLabel state={row.state} />;
    title = row.failure || row.cause || undefined;
  } else if (column.id === 'duration') {
    content = row.ended === null ? <Elapsed row={row} /> : formatDuration(durationOf(row));
  } else if (column.id === 'started') {
    content = row.started === null ? '–' : formatTime(row.started);
  } else {
    content =
      (value === null ? nonFiniteCell(row, column) : null) ??
      formatCell(value, column.scale?.digits);
    title = typeof value === 'string' ? value : undefined;
  }
  const endTitle =
    hiddenEnd === null
      ? undefined
      : trans.__('The run ended at %1; the value is the best one before.', hiddenEnd);
  title = endTitle ?? title;
  const scaled =
    typeof value === 'number' && column.scale ? normalizeOn(column.scale, value) : null;
  if (scaled !== null) {
    style.backgroundSize = `${(100 * scaled).toFixed(1)}% 17px`;
  }
  return (
    <div
      role="gridcell"
      id={id}
      aria-colindex={number + 1}
      className={`jp-wm-TableCell ${column.numeric ? 'jp-wm-mod-number' : ''}`}
      data-active={active || undefined}
      title={title}
      style={style}
    >
      {hiddenEnd !== null && (
        <span className="jp-wm-HiddenEnd" role="img" aria-label={endTitle}>
          ⚠{' '}
        </span>
      )}
      {content}
    </div>
  );
}

/** The duration of an active run. */
function Elapsed({ row }: { row: RunRow }): ReactElement {
  useNow();
  return <>{formatDuration(durationOf(row))}</>;
}
