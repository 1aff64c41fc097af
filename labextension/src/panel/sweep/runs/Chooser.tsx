/** Chooses which columns the table has. */

import { type ReactElement, useState } from 'react';

import type { Group, IColumn } from '../../../columns';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Popover } from '../../../parts/Popover';
import { FIRST_COLUMN } from './layout';

export function Chooser({
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
  /** Called with the columns to show; none stands for those at first. */
  onChoose: (columns: readonly string[]) => void;
  onClose: () => void;
}): ReactElement {
  const { trans } = useLab();
  const [text, setText] = useState('');
  const groups: [Group, string][] = [
    ['run', trans.__('Of every run')],
    ['params', trans.__('Parameters')],
    ['summary', trans.__('Summary')]
  ];
  const found = columns.filter(
    ({ id }) =>
      id !== FIRST_COLUMN &&
      (id.toLowerCase().includes(text.toLowerCase()) ||
        titleOf(id).toLowerCase().includes(text.toLowerCase()))
  );
  const set = (ids: readonly string[], on: boolean) => {
    const others = shown.filter(id => !ids.includes(id));
    const kept = on ? [...shown, ...ids.filter(id => !shown.includes(id))] : others;
    onChoose(kept.length > 0 ? kept : [FIRST_COLUMN]);
  };
  return (
    <Popover anchor={anchor} label={trans.__('Columns')} onClose={onClose}>
      <div className="jp-wm-Chooser">
        <input
          className="jp-wm-Input"
          type="search"
          placeholder={trans.__('Find a column…')}
          aria-label={trans.__('Find a column')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <div className="jp-wm-Chooser-list">
          {groups.map(([group, title]) => {
            const ids = found.filter(column => column.group === group).map(({ id }) => id);
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
        <Button label={trans.__('Back to the first ones')} onClick={() => onChoose([])} />
      </div>
    </Popover>
  );
}
