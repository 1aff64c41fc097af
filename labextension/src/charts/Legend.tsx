/**
 * The runs that are drawn, with their colours.
 *
 * One stop for the Tab key: arrows go from run to run, Enter selects one, Space one more.
 */

import { type KeyboardEvent, type MouseEvent, type ReactElement, useRef } from 'react';

import { useLab } from '../lab';

export interface ILegendRow {
  run: string;
  number: number;
  colour: string;
  /** The value that the list is in order of, for people. */
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
  onSelect: (run: string, more: boolean) => void;
}): ReactElement {
  const { trans } = useLab();
  const list = useRef<HTMLDivElement>(null);
  const active = Math.max(
    0,
    rows.findIndex(row => row.run === focus)
  );
  const onKeyDown = (event: KeyboardEvent, place: number) => {
    const places: Record<string, number> = {
      ArrowDown: place + 1,
      ArrowUp: place - 1,
      Home: 0,
      End: rows.length - 1
    };
    if (event.key in places) {
      const next = Math.max(0, Math.min(rows.length - 1, places[event.key]));
      list.current?.querySelectorAll<HTMLElement>('[role=option]')[next]?.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      onSelect(rows[place].run, event.key === ' ');
    } else {
      return;
    }
    event.preventDefault();
  };
  const isMore = (event: MouseEvent) => event.ctrlKey || event.metaKey || event.shiftKey;
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
      {rows.map((row, place) => (
        <div
          key={row.run}
          role="option"
          aria-selected={row.selected}
          data-focused={row.run === focus || undefined}
          data-run={row.run}
          tabIndex={place === active ? 0 : -1}
          title={row.title}
          onMouseEnter={() => onFocus(row.run)}
          onFocus={() => onFocus(row.run)}
          onBlur={() => onFocus(null)}
          onClick={event => onSelect(row.run, isMore(event))}
          onKeyDown={event => onKeyDown(event, place)}
        >
          <i style={{ background: row.colour }} />
          <span>{trans.__('run %1', row.number)}</span>
          <b>{row.value}</b>
        </div>
      ))}
    </div>
  );
}
