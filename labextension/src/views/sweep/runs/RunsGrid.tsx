/** The table itself: a grid of which only the visible part is rendered. */

import { type MouseEvent, type ReactElement, useCallback, useId, useRef, useState } from 'react';

import { hiddenEnd } from '../../../models/objective';
import { usePanelContext } from '../../../components/context';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import { undoClick } from '../selectRun';
import { ColumnMenu } from './ColumnMenu';
import { HeaderRow } from './HeaderRow';
import { HEADER } from './keyboardNav';
import { type ITableLayout, ROW_HEIGHT } from './tableLayout';
import type { ISortedRuns } from './stableSort';
import { type IShownColumn, TableRow } from './TableRow';
import { useGridNavigation } from './useGridNavigation';
import { useVirtualWindow } from './useVirtualWindow';

export interface IRunsGridProps {
  sweep: SweepModel;
  ordered: ISortedRuns;
  columns: readonly IShownColumn[];
  layout: ITableLayout;
  onLayout: (changes: Partial<ITableLayout>) => void;
}

export function RunsGrid({
  sweep,
  ordered,
  columns,
  layout,
  onLayout
}: IRunsGridProps): ReactElement {
  const { commands, trans } = usePanelContext();
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<{ column: IShownColumn; anchor: HTMLElement } | null>(null);
  const { rows } = ordered;
  const view = useVirtualWindow(
    grid,
    rows.length,
    columns.map(column => column.start)
  );
  const last = columns[columns.length - 1];
  const { selectedIds } = sweep;
  const best = sweep.summary?.best?.id;
  const headOf = (column: number) => `${id}-head-${column}`;
  const idOf = useCallback((run: string, column: number) => `${id}-${run}-${column}`, [id]);

  const open = (run: string) => void commands.execute(Commands.openRun, { sweep: sweep.id, run });
  const { activeCell, onKeyDown, select, setActive, sort, resize } = useGridNavigation({
    grid,
    sweep,
    rows,
    columns,
    layout,
    onLayout,
    page: view.page,
    onMenu: column => {
      const cell = document.getElementById(headOf(column));
      if (cell !== null) {
        setMenu({ column: columns[column], anchor: cell });
      }
    },
    onOpen: open
  });
  const rowAt = (event: MouseEvent): number => {
    const run = (event.target as Element).closest<HTMLElement>('[data-run]')?.dataset.run;
    return run === undefined ? -1 : rows.findIndex(row => row.id === run);
  };
  const isOnCheckbox = (event: MouseEvent) =>
    (event.target as Element).closest('[data-check]') !== null;
  const onClick = (event: MouseEvent) => {
    const row = rowAt(event);
    // The second click of a double click has a different meaning, except on a checkbox.
    if (row >= 0 && (event.detail < 2 || isOnCheckbox(event))) {
      const toggles = event.ctrlKey || event.metaKey || isOnCheckbox(event);
      select(event.shiftKey ? 'extend' : toggles ? 'toggle' : 'only', row);
      setActive({ run: rows[row].id, column: activeCell.column });
    }
  };

  const pool = view.endRow - view.firstRow;
  const shownRows: number[] = [];
  for (let row = view.firstRow; row < view.endRow; row += 1) {
    shownRows.push(row);
  }
  // The cell at the keyboard must be rendered, even if it is not visible.
  if (activeCell.row >= 0 && (activeCell.row < view.firstRow || activeCell.row >= view.endRow)) {
    shownRows.push(activeCell.row);
  }
  const width = last.start + last.width;
  const activeId =
    activeCell.row >= 0
      ? idOf(rows[activeCell.row].id, activeCell.column)
      : headOf(activeCell.column);
  return (
    <>
      <div
        ref={grid}
        role="grid"
        className="jp-wm-Grid"
        tabIndex={0}
        aria-label={trans.__('Runs')}
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
        aria-multiselectable="true"
        aria-activedescendant={activeId}
        onKeyDown={onKeyDown}
        onPointerLeave={() => sweep.setFocus(null)}
        onClick={onClick}
        onDoubleClick={event => {
          const row = rowAt(event);
          if (row >= 0 && !isOnCheckbox(event)) {
            undoClick(sweep);
            open(rows[row].id);
          }
        }}
        onContextMenu={event => {
          // The menu is about this run, but that selects nothing: *Open* must not change the plots.
          const row = rowAt(event);
          if (row >= 0) {
            setActive({ run: rows[row].id, column: activeCell.column });
          }
        }}
        onPointerMove={event => {
          // While rows scroll below a resting pointer, no row is focused.
          if (event.movementX !== 0 || event.movementY !== 0) {
            const row = rowAt(event);
            sweep.setFocus(row >= 0 ? rows[row].id : null);
          }
        }}
      >
        <div role="rowgroup" className="jp-wm-Grid-head" style={{ width }}>
          <HeaderRow
            columns={columns}
            first={view.firstColumn}
            end={view.endColumn}
            layout={layout}
            filter={sweep.viewState.filter}
            active={activeCell.row === HEADER ? activeCell.column : null}
            idOf={headOf}
            onSort={sort}
            onMenu={(column, element) => setMenu({ column, anchor: element })}
            onWidth={resize}
          />
        </div>
        <div
          role="rowgroup"
          className="jp-wm-Grid-body"
          style={{ width, height: rows.length * ROW_HEIGHT }}
        >
          {shownRows.map(index => {
            const row = rows[index];
            // Rows that scroll in reuse the elements of those that scroll out, which is cheaper.
            return (
              <TableRow
                key={index >= view.firstRow && index < view.endRow ? index % pool : 'active'}
                row={row}
                index={index}
                sweep={sweep.id}
                columns={columns}
                first={view.firstColumn}
                end={view.endColumn}
                selected={selectedIds.has(row.id)}
                focused={sweep.focus === row.id}
                best={row.id === best}
                baseline={row.id === sweep.summary?.baseline}
                hiddenEnd={hiddenEnd(row, sweep.summary)}
                isFilteredOut={ordered.filteredOut.has(row.id)}
                active={activeCell.row === index ? activeCell.column : null}
                idOf={idOf}
              />
            );
          })}
        </div>
      </div>
      {menu !== null && (
        <ColumnMenu
          sweep={sweep}
          column={menu.column}
          anchor={menu.anchor}
          layout={layout}
          columns={columns}
          onLayout={onLayout}
          onClose={() => setMenu(null)}
        />
      )}
    </>
  );
}
