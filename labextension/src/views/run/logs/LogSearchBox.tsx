/** Searches a run's output: Enter goes to the next match, Shift+Enter to the previous one. */

import { caretDownIcon, caretUpIcon } from '@jupyterlab/ui-components';
import { type KeyboardEvent, type ReactElement, useEffect, useState } from 'react';

import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import type { LogModel } from '../../../models/logModel';
import { Button } from '../../../components/Button';
import { SearchBox } from '../../../components/SearchBox';

/** The delay after the last keystroke before the search starts. */
const TYPING_MS = 250;

export function LogSearchBox({ log }: { log: LogModel }): ReactElement {
  const { trans } = usePanelContext();
  const { search } = log;
  useSignal(search.changed);
  const [text, setText] = useState(search.text);
  const { lines, matchIndex } = search;
  const startLine = log.scrollPosition?.line ?? Math.max(0, log.total - 1);
  useEffect(() => {
    const find = () => void search.find(text, startLine);
    const timer = window.setTimeout(find, text === '' ? 0 : TYPING_MS);
    return () => window.clearTimeout(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where one looks may change meanwhile
  }, [search, text]);
  const step = (by: 1 | -1) =>
    void (text === search.text ? search.step(by) : search.find(text, startLine));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      step(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape' && text !== '') {
      setText('');
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const hasNoMatch = matchIndex < 0;
  return (
    <span className="jp-wm-LogSearch" role="search">
      <SearchBox
        label={trans.__('Search the output')}
        placeholder={trans.__('Search output…')}
        value={text}
        onChange={setText}
        onKeyDown={onKeyDown}
      />
      <Button
        label={trans.__('Previous match')}
        icon={caretUpIcon}
        disabled={hasNoMatch}
        onClick={() => step(-1)}
      />
      <Button
        label={trans.__('Next match')}
        icon={caretDownIcon}
        disabled={hasNoMatch}
        onClick={() => step(1)}
      />
      <span role="status">
        {search.problem !== ''
          ? search.problem
          : search.text === ''
            ? ''
            : hasNoMatch
              ? search.isSearching
                ? trans.__('searching…')
                : trans.__('no matches')
              : trans.__(
                  '%1 of %2',
                  (matchIndex + 1).toLocaleString(),
                  `${lines.length.toLocaleString()}${search.hasMore ? '+' : ''}`
                )}
      </span>
    </span>
  );
}
