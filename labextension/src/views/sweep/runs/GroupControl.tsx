/** Chooses what the runs of the table are grouped by. */

import { treeViewIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import type { IColumn } from '../../../models/columns';
import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { Popover } from '../../../components/Popover';
import { SearchList } from '../../../components/SearchList';

/** Columns of every run by which grouping makes sense. */
const OF_RUNS = ['state', 'tags', 'agent', 'host', 'group', 'cause', 'repeat_group'];

export function GroupControl({
  columns,
  by,
  titleOf,
  onChoose
}: {
  columns: readonly IColumn[];
  by: readonly string[];
  titleOf: (column: string) => string;
  onChoose: (columns: readonly string[]) => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const ids = columns
    .filter(({ group, id }) => group === 'params' || OF_RUNS.includes(id))
    .sort((one, other) => Number(one.group === 'run') - Number(other.group === 'run'))
    .map(({ id }) => id);
  const label =
    by.length === 0 ? trans.__('Group') : trans.__('Group: %1', by.map(titleOf).join(', '));
  return (
    <>
      <Button
        label={label}
        icon={treeViewIcon}
        showLabel
        className="jp-wm-GroupControl"
        title={trans.__('Group runs by what they share')}
        onClick={event => setAnchor(event.currentTarget)}
      />
      {anchor !== null && (
        <Popover anchor={anchor} label={trans.__('Group by')} onClose={() => setAnchor(null)}>
          <SearchList label={trans.__('Search columns')} placeholder={trans.__('Search columns…')}>
            {matches => (
              <>
                <div className="jp-wm-SearchList-list">
                  {ids
                    .filter(id => matches(id) || matches(titleOf(id)))
                    .map(id => (
                      <label key={id}>
                        <input
                          type="checkbox"
                          checked={by.includes(id)}
                          onChange={event =>
                            onChoose(
                              event.target.checked ? [...by, id] : by.filter(other => other !== id)
                            )
                          }
                        />
                        <span>{titleOf(id)}</span>
                      </label>
                    ))}
                </div>
                <Button label={trans.__('Do not group')} onClick={() => onChoose([])} />
              </>
            )}
          </SearchList>
        </Popover>
      )}
    </>
  );
}
