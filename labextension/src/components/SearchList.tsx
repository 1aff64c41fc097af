/** A list with a search box above it. */

import { type ReactElement, type ReactNode, useState } from 'react';

import { SearchBox } from './SearchBox';

export function SearchList({
  label,
  placeholder,
  children
}: {
  /** The accessible name of the search box. */
  label: string;
  placeholder: string;
  /** Renders the list; called with a function that tests whether a text matches the search. */
  children: (matches: (text: string) => boolean, isSearching: boolean) => ReactNode;
}): ReactElement {
  const [search, setSearch] = useState('');
  const matches = (text: string) => text.toLowerCase().includes(search.toLowerCase());
  return (
    <div className="jp-wm-SearchList">
      <SearchBox label={label} placeholder={placeholder} value={search} onChange={setSearch} />
      {children(matches, search !== '')}
    </div>
  );
}
