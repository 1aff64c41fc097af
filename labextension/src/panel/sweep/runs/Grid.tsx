/** The table itself: a grid of which only what is in sight is rendered. */

import { type MouseEvent, type ReactElement, useCallback, useId, useRef, useState } from 'react';

import { useLab } from '../../../lab';
import type { SweepModel } from '../../../sweep';
import { Commands } from '../../../tokens';
import { ColumnMenu } from './ColumnMenu';
import { Head } from './Head';
import { HEADER } from './keys';
import { type ILayout, ROW_HEIGHT } from './layout';
import type { IOrdered } from './order';
import { type IShownColumn, Row } from './Row';
import { useCells } from './useCells';
import { useWindow } from './useWindow';

export interface IGridProps {
  sweep: SweepModel;
  ordered: IOrdered;
  columns: readonly IShownColumn[];
  layout: ILayout;
  onLayout: (changes: Partial<ILayout>) => void;
}

export function Grid({ sweep, ordered, columns, layout, onLayout }: IGridProps): ReactElement {
  const { commands, trans } = useLab();
  const id = useId();
  const grid = useRef<HTMLDivElement>(null);
  const [menu, setMenu] = useState<{ column: IShownColumn; anchor: HTMLElement } | null>(null);
  const { rows } = ordered;
  const view = useWindow(
    grid,
    rows.length,
    columns.map(column => column.start)
  );
  const last = columns[columns.length - 1];
  const { selected } = sweep;
  const best = sweep.summary?.best?.id;
  const headOf = (column: number) => `${id}-head-${column}`;
  const idOf = useCallback((run: string, column: number) => `${id}-${run}-${column}`, [id]);

  const open = (run: string) => void commands.execute(Commands.openRun, { sweep: sweep.id, run });
  const { at, onKeyDown, select, setActive, sort, resize } = useCells({
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
  const placeOf = (event: MouseEvent): number => {
    const run = (event.target as Element).closest<HTMLElement>('[data-run]')?.dataset.run;
    return run === undefined ? -1 : rows.findIndex(row => row.id === run);
  };
  const onClick = (event: MouseEvent) => {
    const row = placeOf(event);
    if (row >= 0) {
      const check = (event.target as Element).closest('[data-check]') !== null;
      const toggles = event.ctrlKey || event.metaKey || check;
      select(event.shiftKey ? 'extend' : toggles ? 'toggle' : 'only', row);
      setActive({ run: rows[row].id, column: at.column });
    }
  };

  const pool = view.endRow - view.firstRow;
  const shownRows: number[] = [];
  for (let row = view.firstRow; row < view.endRow; row += 1) {
    shownRows.push(row);
  }
  // What the keyboard is at has to be there, also out of sight.
  if (at.row >= 0 && (at.row < view.firstRow || at.row >= view.endRow)) {
    shownRows.push(at.row);
  }
  const width = last.start + last.width;
  const activeId = at.row >= 0 ? idOf(rows[at.row].id, at.column) : headOf(at.column);
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
          const row = placeOf(event);
          if (row >= 0) {
            open(rows[row].id);
          }
        }}
        onContextMenu={event => {
          const row = placeOf(event);
          if (row >= 0 && !selected.has(rows[row].id)) {
            select('only', row);
          }
        }}
        onPointerMove={event => {
          // While rows scroll below a pointer that rests, nothing is pointed at.
          if (event.movementX !== 0 || event.movementY !== 0) {
            const row = placeOf(event);
            sweep.setFocus(row >= 0 ? rows[row].id : null);
          }
        }}
      >
        <div role="rowgroup" className="jp-wm-Grid-head" style={{ width }}>
          <Head
            columns={columns}
            first={view.firstColumn}
            end={view.endColumn}
            layout={layout}
            filter={sweep.choice.filter}
            active={at.row === HEADER ? at.column : null}
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
          {shownRows.map(place => {
            const row = rows[place];
            // Rows that scroll in take the place of those that scroll out, which is less to do.
            return (
              <Row
                key={place >= view.firstRow && place < view.endRow ? place % pool : 'active'}
                row={row}
                place={place}
                sweep={sweep.id}
                columns={columns}
                first={view.firstColumn}
                end={view.endColumn}
                selected={selected.has(row.id)}
                focused={sweep.focus === row.id}
                best={row.id === best}
                leaving={ordered.leaving.has(row.id)}
                active={at.row === place ? at.column : null}
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
