/**
 * The drawn runs with their colors.
 *
 * One tab stop: arrows move between runs, Enter selects one, Space adds one to the selection.
 */

import { type KeyboardEvent, type MouseEvent, type ReactElement, useRef } from 'react';

import { usePanelContext } from '../components/context';

export interface ILegendRow {
  run: string;
  number: number;
  color: string;
  /** The formatted value by which the list is sorted. */
  value: string;
  title: string;
  selected: boolean;
}

export function Legend({
  label,
  rows,
  focus,
  onFocus,
  onSelect
}: {
  label: string;
  rows: readonly ILegendRow[];
  focus: string | null;
  onFocus: (run: string | null) => void;
  onSelect: (run: string, isAdditive: boolean) => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const list = useRef<HTMLDivElement>(null);
  const active = Math.max(
    0,
    rows.findIndex(row => row.run === focus)
  );
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    const indexByKey: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: rows.length - 1
    };
    if (event.key in indexByKey) {
      const next = Math.max(0, Math.min(rows.length - 1, indexByKey[event.key]));
      list.current?.querySelectorAll<HTMLElement>('[role=option]')[next]?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      onSelect(rows[index].run, event.key === ' ');
    } else {
      return;
    }
    event.preventDefault();
  };
  const isAdditiveClick = (event: MouseEvent) => event.ctrlKey || event.metaKey || event.shiftKey;
  return (
    <div
      ref={list}
      className="jp-wm-Legend"
      role="listbox"
      tabIndex={-1}
      aria-label={label}
      aria-multiselectable="true"
      onMouseLeave={() => onFocus(null)}
    >
      {rows.map((row, index) => (
        <div
          key={row.run}
          role="option"
          aria-selected={row.selected}
          data-focused={row.run === focus || undefined}
          data-run={row.run}
          tabIndex={index === active ? 0 : -1}
          title={row.title}
          onMouseEnter={() => onFocus(row.run)}
          onFocus={() => onFocus(row.run)}
          onBlur={() => onFocus(null)}
          onClick={event => onSelect(row.run, isAdditiveClick(event))}
          onKeyDown={event => onKeyDown(event, index)}
        >
          <i style={{ background: row.color }} />
          <span>{trans.__('run %1', row.number)}</span>
          <b>{row.value}</b>
        </div>
      ))}
    </div>
  );
}
