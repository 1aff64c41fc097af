/**
 * The cell at the keyboard, and the effects of keys and clicks.
 *
 * The grid is one tab stop, and the cell its active descendant, so the focus survives rows that are
 * added and removed.
 */

import { Clipboard } from '@jupyterlab/apputils';
import { type KeyboardEvent, type RefObject, useRef, useState } from 'react';

import { runsToCsv } from '../../../models/runsCsv';
import type { SweepModel } from '../../../models/sweepModel';
import type { RunRow } from '../../../api/schemas';
import { selectByClick } from '../selectRun';
import { type Gesture, HEADER, type ICellPosition, moveCell, applyGesture } from './keyboardNav';
import {
  FIRST_COLUMN,
  type ITableLayout,
  MAX_WIDTH,
  MIN_WIDTH,
  moveColumn,
  ROW_HEIGHT
} from './tableLayout';
import type { IShownColumn } from './TableRow';

/** Pixels by which a key resizes a column. */
const RESIZE_STEP = 16;

export interface IGridNavigationOptions {
  grid: RefObject<HTMLElement | null>;
  sweep: SweepModel;
  rows: readonly RunRow[];
  columns: readonly IShownColumn[];
  layout: ITableLayout;
  onLayout: (changes: Partial<ITableLayout>) => void;
  /** Rows by which Page Up and Page Down move. */
  page: number;
  onMenu: (column: number) => void;
  onOpen: (run: string) => void;
}

export interface IGridNavigation {
  activeCell: ICellPosition;
  onKeyDown: (event: KeyboardEvent) => void;
  /** Apply a gesture to the row at this index. */
  select: (gesture: Gesture, row: number) => void;
  setActive: (active: { run: string | null; column: number }) => void;
  sort: (column: IShownColumn) => void;
  resize: (column: IShownColumn, width: number) => void;
}

export function useGridNavigation(options: IGridNavigationOptions): IGridNavigation {
  const { grid, sweep, rows, columns, layout, onLayout, page, onMenu, onOpen } = options;
  const anchor = useRef<string | null>(null);
  // The run and not its index, so that the cell stays on the run while others are added.
  const [active, setActive] = useState<{ run: string | null; column: number }>({
    run: null,
    column: 0
  });
  const { selectedIds } = sweep;
  const activeCell: ICellPosition = {
    row: active.run === null ? HEADER : rows.findIndex(row => row.id === active.run),
    column: Math.min(active.column, columns.length - 1)
  };

  const select = (gesture: Gesture, row: number) => {
    const anchorRow = rows.findIndex(row => row.id === anchor.current);
    const selection = applyGesture(
      gesture,
      rows,
      row,
      anchorRow < 0 ? row : anchorRow,
      selectedIds
    );
    if (gesture !== 'extend') {
      anchor.current = rows[row].id;
    }
    selectByClick(sweep, selection);
  };
  const activate = (position: ICellPosition) => {
    const element = grid.current;
    if (element !== null) {
      scrollTo(element, position, columns);
    }
    const run = position.row === HEADER ? null : rows[position.row].id;
    setActive({ run, column: position.column });
    sweep.setFocus(run);
  };
  const sort = (column: IShownColumn) =>
    onLayout({
      column: column.id,
      descending: layout.column === column.id ? !layout.descending : bestComesLast(sweep, column)
    });
  const resize = (column: IShownColumn, width: number) =>
    onLayout({
      widths: {
        ...layout.widths,
        [column.id]: Math.round(Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, width)))
      }
    });

  const onHeaderKey = (event: KeyboardEvent): boolean => {
    const column = columns[activeCell.column];
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') {
      sort(column);
    } else if (event.altKey && event.key === 'ArrowDown') {
      onMenu(activeCell.column);
    } else if (event.shiftKey && by !== undefined) {
      resize(column, column.width + by * RESIZE_STEP);
    } else if (event.altKey && by !== undefined && column.id !== FIRST_COLUMN) {
      const ids = columns.map(other => other.id);
      const order = moveColumn(ids, column.id, by);
      onLayout({ columns: order });
      setActive({ run: null, column: order.indexOf(column.id) });
    } else {
      return false;
    }
    return true;
  };
  const onRowKey = (event: KeyboardEvent): boolean => {
    if (event.key === 'Enter') {
      onOpen(rows[activeCell.row].id);
    } else if (event.key === ' ') {
      select(event.shiftKey ? 'extend' : 'toggle', activeCell.row);
    } else {
      return false;
    }
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const ctrl = event.ctrlKey || event.metaKey;
    let isHandled = true;
    if (ctrl && event.key === 'a') {
      sweep.setViewState({ selection: rows.map(row => row.id) });
    } else if (ctrl && event.key === 'c') {
      const isCopied = ({ id }: RunRow) =>
        selectedIds.size > 0 ? selectedIds.has(id) : id === active.run;
      Clipboard.copyToSystem(runsToCsv(rows.filter(isCopied), columns, '\t'));
    } else if (event.key === 'Escape' && selectedIds.size > 0) {
      sweep.setViewState({ selection: [] });
    } else if (!(activeCell.row === HEADER ? onHeaderKey(event) : onRowKey(event))) {
      const size = { rows: rows.length, columns: columns.length, page };
      const to = moveCell(event.key, ctrl, activeCell, size);
      isHandled = to !== null;
      if (to !== null) {
        activate(to);
        if (event.shiftKey && to.row !== HEADER && to.row !== activeCell.row) {
          anchor.current ??= rows[Math.max(0, activeCell.row)].id;
          select('extend', to.row);
        }
      }
    }
    if (isHandled) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return { activeCell, onKeyDown, select, setActive, sort, resize };
}

/** Whether the first click on a column must sort it descending to show the best runs first. */
function bestComesLast(sweep: SweepModel, column: IShownColumn): boolean {
  const { goal, metric } = sweep.summary ?? {};
  return goal === 'maximize' && (column.id === 'value' || column.id === `summary.${metric}`);
}

/** Scroll a cell into view, below the header and beside the first column. */
function scrollTo(
  grid: HTMLElement,
  { row, column }: ICellPosition,
  columns: readonly IShownColumn[]
) {
  const top = Math.max(0, row) * ROW_HEIGHT;
  const height = grid.clientHeight - 2 * ROW_HEIGHT;
  if (row !== HEADER) {
    if (top < grid.scrollTop) {
      grid.scrollTop = top;
    } else if (top > grid.scrollTop + height) {
      grid.scrollTop = top - height;
    }
  }
  const { start, width } = columns[column];
  if (column === 0 || start - columns[0].width < grid.scrollLeft) {
    grid.scrollLeft = column === 0 ? 0 : start - columns[0].width;
  } else if (start + width > grid.scrollLeft + grid.clientWidth) {
    grid.scrollLeft = start + width - grid.clientWidth;
  }
}
