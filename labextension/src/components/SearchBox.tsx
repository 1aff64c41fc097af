/** A text field that searches or filters what is shown. */

import type { KeyboardEvent, ReactElement } from 'react';

export function SearchBox({
  label,
  placeholder,
  value,
  onChange,
  onKeyDown
}: {
  /** The accessible name. */
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}): ReactElement {
  return (
    <input
      className="jp-wm-Input"
      type="search"
      placeholder={placeholder}
      aria-label={label}
      value={value}
      onChange={event => onChange(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}
