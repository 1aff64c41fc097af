/**
 * The cell that the keyboard is at, and what keys and clicks do.
 *
 * The grid is one stop for the Tab key, and the cell its active descendant: so the focus survives
 * rows that come and go.
 */

import { Clipboard } from '@jupyterlab/apputils';
import { type KeyboardEvent, type RefObject, useRef, useState } from 'react';

import { csvOf } from '../../../csv';
import type { SweepModel } from '../../../sweep';
import type { RunRow } from '../../../wire';
import { type Gesture, HEADER, type IPlace, moveTo, selectionAfter } from './keys';
import { FIRST_COLUMN, type ILayout, MAX_WIDTH, MIN_WIDTH, moved, ROW_HEIGHT } from './layout';
import type { IShownColumn } from './Row';

/** Pixels by which a key makes a column wider. */
const WIDER = 16;

export interface ICellsOptions {
  grid: RefObject<HTMLElement | null>;
  sweep: SweepModel;
  rows: readonly RunRow[];
  columns: readonly IShownColumn[];
  layout: ILayout;
  onLayout: (changes: Partial<ILayout>) => void;
  /** Rows by which Page Up and Page Down go. */
  page: number;
  onMenu: (column: number) => void;
  onOpen: (run: string) => void;
}

export interface ICells {
  at: IPlace;
  onKeyDown: (event: KeyboardEvent) => void;
  /** Select by a gesture on the row at this place. */
  select: (gesture: Gesture, row: number) => void;
  setActive: (active: { run: string | null; column: number }) => void;
  sort: (column: IShownColumn) => void;
  resize: (column: IShownColumn, width: number) => void;
}

export function useCells(options: ICellsOptions): ICells {
  const { grid, sweep, rows, columns, layout, onLayout, page, onMenu, onOpen } = options;
  const anchor = useRef<string | null>(null);
  // The run, and not its place, so that it stays where a person left it while others come.
  const [active, setActive] = useState<{ run: string | null; column: number }>({
    run: null,
    column: 0
  });
  const { selected } = sweep;
  const at: IPlace = {
    row: active.run === null ? HEADER : rows.findIndex(row => row.id === active.run),
    column: Math.min(active.column, columns.length - 1)
  };

  const select = (gesture: Gesture, row: number) => {
    const begun = rows.findIndex(each => each.id === anchor.current);
    const selection = selectionAfter(gesture, rows, row, begun < 0 ? row : begun, selected);
    if (gesture !== 'extend') {
      anchor.current = rows[row].id;
    }
    sweep.choose({ selection });
  };
  const show = (place: IPlace) => {
    const element = grid.current;
    if (element !== null) {
      scrollTo(element, place, columns);
    }
    const run = place.row === HEADER ? null : rows[place.row].id;
    setActive({ run, column: place.column });
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
    const column = columns[at.column];
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') {
      sort(column);
    } else if (event.altKey && event.key === 'ArrowDown') {
      onMenu(at.column);
    } else if (event.shiftKey && by !== undefined) {
      resize(column, column.width + by * WIDER);
    } else if (event.altKey && by !== undefined && column.id !== FIRST_COLUMN) {
      const ids = columns.map(each => each.id);
      const order = moved(ids, column.id, by);
      onLayout({ columns: order });
      setActive({ run: null, column: order.indexOf(column.id) });
    } else {
      return false;
    }
    return true;
  };
  const onRowKey = (event: KeyboardEvent): boolean => {
    if (event.key === 'Enter') {
      onOpen(rows[at.row].id);
    } else if (event.key === ' ') {
      select(event.shiftKey ? 'extend' : 'toggle', at.row);
    } else {
      return false;
    }
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const ctrl = event.ctrlKey || event.metaKey;
    let done = true;
    if (ctrl && event.key === 'a') {
      sweep.choose({ selection: rows.map(row => row.id) });
    } else if (ctrl && event.key === 'c') {
      const isMeant = ({ id }: RunRow) =>
        selected.size > 0 ? selected.has(id) : id === active.run;
      Clipboard.copyToSystem(csvOf(rows.filter(isMeant), columns, '\t'));
    } else if (event.key === 'Escape' && selected.size > 0) {
      sweep.choose({ selection: [] });
    } else if (!(at.row === HEADER ? onHeaderKey(event) : onRowKey(event))) {
      const size = { rows: rows.length, columns: columns.length, page };
      const to = moveTo(event.key, ctrl, at, size);
      done = to !== null;
      if (to !== null) {
        show(to);
        if (event.shiftKey && to.row !== HEADER && to.row !== at.row) {
          anchor.current ??= rows[Math.max(0, at.row)].id;
          select('extend', to.row);
        }
      }
    }
    if (done) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return { at, onKeyDown, select, setActive, sort, resize };
}

/** Whether the first click on a column has to turn it around to show the best first. */
function bestComesLast(sweep: SweepModel, column: IShownColumn): boolean {
  const { goal, metric } = sweep.summary ?? {};
  return goal === 'maximize' && (column.id === 'value' || column.id === `summary.${metric}`);
}

/** Bring a cell into sight, below the header and beside the first column. */
function scrollTo(grid: HTMLElement, { row, column }: IPlace, columns: readonly IShownColumn[]) {
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
