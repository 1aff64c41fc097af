/** Selects the columns of the table. */

import type { ReactElement } from 'react';

import type { ColumnGroup, IColumn } from '../../models/columns';
import { usePanelContext } from '../../components/context';
import { Button } from '../../components/Button';
import { Popover } from '../../components/Popover';
import { SearchList } from '../../components/SearchList';
import { FIRST_COLUMN } from './runs/tableLayout';

export function ColumnChooser({
  anchor,
  columns,
  shown,
  titleOf,
  onChoose,
  onClose
}: {
  anchor: HTMLElement;
  columns: readonly IColumn[];
  shown: readonly string[];
  titleOf: (column: string) => string;
  /** Called with the columns to show; empty means the default columns. */
  onChoose: (columns: readonly string[]) => void;
  onClose: () => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const groups: [ColumnGroup, string][] = [
    ['run', trans.__('Run')],
    ['params', trans.__('Parameters')],
    ['summary', trans.__('Summary')]
  ];
  const set = (ids: readonly string[], on: boolean) => {
    const otherIds = shown.filter(id => !ids.includes(id));
    const selected = on ? [...shown, ...ids.filter(id => !shown.includes(id))] : otherIds;
    onChoose(selected.length > 0 ? selected : [FIRST_COLUMN]);
  };
  return (
    <Popover anchor={anchor} label={trans.__('Columns')} onClose={onClose}>
      <SearchList label={trans.__('Search columns')} placeholder={trans.__('Search columns…')}>
        {matches => (
          <>
            <div className="jp-wm-SearchList-list">
              {groups.map(([group, title]) => {
                const ids = columns
                  .filter(column => column.group === group && column.id !== FIRST_COLUMN)
                  .map(({ id }) => id)
                  .filter(id => matches(id) || matches(titleOf(id)));
                const on = ids.filter(id => shown.includes(id)).length;
                return ids.length === 0 ? null : (
                  <fieldset key={group}>
                    <legend>
                      <label>
                        <input
                          type="checkbox"
                          checked={on === ids.length}
                          ref={box => {
                            if (box !== null) {
                              box.indeterminate = on > 0 && on < ids.length;
                            }
                          }}
                          onChange={event => set(ids, event.target.checked)}
                        />
                        {title}
                      </label>
                    </legend>
                    {ids.map(id => (
                      <label key={id}>
                        <input
                          type="checkbox"
                          checked={shown.includes(id)}
                          onChange={event => set([id], event.target.checked)}
                        />
                        <span>{titleOf(id)}</span>
                      </label>
                    ))}
                  </fieldset>
                );
              })}
            </div>
            <Button label={trans.__('Reset to default')} onClick={() => onChoose([])} />
          </>
        )}
      </SearchList>
    </Popover>
  );
}
