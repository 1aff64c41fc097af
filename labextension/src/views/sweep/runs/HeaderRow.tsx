/** The table's header: a click sorts, a menu has all other actions, the edge resizes. */

import { caretDownIcon, filterDotIcon } from '@jupyterlab/ui-components';
import type { PointerEvent, ReactElement } from 'react';

import type { IFilter } from '../../../models/columns';
import { usePanelContext } from '../../../components/context';
import type { ITableLayout } from './tableLayout';
import type { IShownColumn } from './TableRow';

export interface IHeaderRowProps {
  columns: readonly IShownColumn[];
  first: number;
  end: number;
  layout: ITableLayout;
  filter: IFilter;
  active: number | null;
  idOf: (column: number) => string;
  onSort: (column: IShownColumn) => void;
  onMenu: (column: IShownColumn, anchor: HTMLElement) => void;
  onWidth: (column: IShownColumn, width: number) => void;
}

export function HeaderRow(props: IHeaderRowProps): ReactElement {
  const { columns, first, end } = props;
  const firstColumn = Math.max(1, first);
  return (
    <div role="row" aria-rowindex={1} className="jp-wm-HeaderRow">
      <HeaderCell {...props} column={columns[0]} number={0} />
      {firstColumn > 1 && firstColumn < end && (
        <div style={{ flex: 'none', width: columns[firstColumn].start - columns[0].width }} />
      )}
      {columns.slice(firstColumn, end).map((column, index) => (
        <HeaderCell key={column.id} {...props} column={column} number={firstColumn + index} />
      ))}
    </div>
  );
}

function HeaderCell({
  column,
  number,
  ...props
}: IHeaderRowProps & { column: IShownColumn; number: number }): ReactElement {
  const { trans } = usePanelContext();
  const { layout, filter } = props;
  const sorted = layout.column === column.id;
  const filtered =
    column.id in filter.ranges || (column.id === 'state' && filter.states.length > 0);
  return (
    // The grid handles the keys of its cells; see RunsGrid.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      role="columnheader"
      id={props.idOf(number)}
      aria-colindex={number + 1}
      aria-sort={sorted ? (layout.descending ? 'descending' : 'ascending') : 'none'}
      className={`jp-wm-HeaderCell ${number === 0 ? 'jp-wm-mod-first' : ''} ${column.numeric ? 'jp-wm-mod-number' : ''}`}
      data-active={props.active === number || undefined}
      style={{ width: column.width }}
      title={column.id.includes('.') ? column.id : column.title}
      onClick={() => props.onSort(column)}
    >
      <span className="jp-wm-HeaderCell-title">{column.title}</span>
      {sorted && (
        <span className="jp-wm-HeaderCell-sort" aria-hidden="true">
          {layout.descending ? '▼' : '▲'}
        </span>
      )}
      <button
        type="button"
        tabIndex={-1}
        className="jp-wm-HeaderCell-menu"
        data-filtered={filtered || undefined}
        aria-label={
          filtered
            ? trans.__('Menu of %1 (filtered)', column.title)
            : trans.__('Menu of %1', column.title)
        }
        onClick={event => {
          event.stopPropagation();
          props.onMenu(column, event.currentTarget);
        }}
      >
        {filtered ? (
          <filterDotIcon.react tag="span" className="jp-wm-Button-icon" />
        ) : (
          <caretDownIcon.react tag="span" className="jp-wm-Button-icon" />
        )}
      </button>
      <span
        aria-hidden="true"
        className="jp-wm-HeaderCell-resizer"
        onClick={event => event.stopPropagation()}
        onPointerDown={event => startResize(event, width => props.onWidth(column, width))}
      />
    </div>
  );
}

/** Resize the cell that the edge belongs to while the pointer moves. */
function startResize(event: PointerEvent<HTMLElement>, onWidth: (width: number) => void): void {
  event.preventDefault();
  event.stopPropagation();
  const edge = event.currentTarget;
  const from = event.clientX;
  const width = edge.parentElement?.offsetWidth ?? 0;
  edge.setPointerCapture(event.pointerId);
  const move = (moveEvent: globalThis.PointerEvent) => onWidth(width + moveEvent.clientX - from);
  edge.addEventListener('pointermove', move);
  const end = () => edge.removeEventListener('pointermove', move);
  edge.addEventListener('lostpointercapture', end, { once: true });
}
