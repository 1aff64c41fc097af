/** The actions on one column: sort, filter, move, hide. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { Popover } from '../../../components/Popover';
import type { SweepModel } from '../../../models/sweepModel';
import { RangeFilter } from './RangeFilter';
import { FIRST_COLUMN, type ITableLayout, moveColumn } from './tableLayout';
import type { IShownColumn } from './TableRow';
import { ValuesFilter } from './ValuesFilter';

/** Columns that are not useful to filter by. */
const UNFILTERED: ReadonlySet<string> = new Set(['started']);

export function ColumnMenu({
  sweep,
  column,
  columns,
  anchor,
  layout,
  onLayout,
  onClose
}: {
  sweep: SweepModel;
  column: IShownColumn;
  columns: readonly IShownColumn[];
  anchor: HTMLElement;
  layout: ITableLayout;
  onLayout: (changes: Partial<ITableLayout>) => void;
  onClose: () => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const ids = columns.map(other => other.id);
  const sorted = layout.column === column.id;
  const movable = column.id !== FIRST_COLUMN;
  return (
    <Popover anchor={anchor} label={column.title} onClose={onClose}>
      <div className="jp-wm-ColumnMenu">
        <strong className="jp-wm-ColumnMenu-title">{column.title}</strong>
        <div className="jp-wm-Buttons">
          <Button
            label={trans.__('▲ Ascending')}
            isPressed={sorted && !layout.descending}
            onClick={() => onLayout({ column: column.id, descending: false })}
          />
          <Button
            label={trans.__('▼ Descending')}
            isPressed={sorted && layout.descending}
            onClick={() => onLayout({ column: column.id, descending: true })}
          />
        </div>
        {!UNFILTERED.has(column.id) &&
          (column.numeric ? (
            <RangeFilter sweep={sweep} column={column} />
          ) : (
            <ValuesFilter sweep={sweep} column={column} />
          ))}
        {movable && (
          <div className="jp-wm-Buttons">
            <Button
              label={trans.__('← Move')}
              title={trans.__('Move left')}
              onClick={() => onLayout({ columns: moveColumn(ids, column.id, -1) })}
            />
            <Button
              label={trans.__('Move →')}
              title={trans.__('Move right')}
              onClick={() => onLayout({ columns: moveColumn(ids, column.id, 1) })}
            />
            <Button
              label={trans.__('Hide')}
              onClick={() => {
                onLayout({ columns: ids.filter(id => id !== column.id) });
                onClose();
              }}
            />
          </div>
        )}
      </div>
    </Popover>
  );
}
