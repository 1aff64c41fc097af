/** What can be done with one column: put in order, filter, move, hide. */

import type { ReactElement } from 'react';

import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Popover } from '../../../parts/Popover';
import type { SweepModel } from '../../../sweep';
import { RangeFilter } from './RangeFilter';
import { FIRST_COLUMN, type ILayout, moved } from './layout';
import type { IShownColumn } from './Row';
import { ValuesFilter } from './ValuesFilter';

/** Columns whose values say nothing together. */
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
  layout: ILayout;
  onLayout: (changes: Partial<ILayout>) => void;
  onClose: () => void;
}): ReactElement {
  const { trans } = useLab();
  const ids = columns.map(each => each.id);
  const sorted = layout.column === column.id;
  const movable = column.id !== FIRST_COLUMN;
  return (
    <Popover anchor={anchor} label={column.title} onClose={onClose}>
      <div className="jp-wm-ColumnMenu">
        <strong className="jp-wm-ColumnMenu-title">{column.title}</strong>
        <div className="jp-wm-Buttons">
          <Button
            label={trans.__('▲ Ascending')}
            pressed={sorted && !layout.descending}
            onClick={() => onLayout({ column: column.id, descending: false })}
          />
          <Button
            label={trans.__('▼ Descending')}
            pressed={sorted && layout.descending}
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
              onClick={() => onLayout({ columns: moved(ids, column.id, -1) })}
            />
            <Button
              label={trans.__('Move →')}
              title={trans.__('Move right')}
              onClick={() => onLayout({ columns: moved(ids, column.id, 1) })}
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
