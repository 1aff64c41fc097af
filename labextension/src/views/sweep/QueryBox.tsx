/**
 * The field for the query that selects runs, with completions and what is wrong with it.
 *
 * A text that is no query yet is kept here: the table and the plots show what the last one selected.
 */

import { type KeyboardEvent, type ReactElement, useId, useRef, useState } from 'react';

import { usePanelContext } from '../../components/context';
import { completionOf, isKnown } from '../../models/query/completion';
import { parseQuery, queryProblem } from '../../models/query/query';
import type { SweepModel } from '../../models/sweepModel';

export function QueryBox({ sweep }: { sweep: SweepModel }): ReactElement {
  const { trans } = usePanelContext();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const { filter } = sweep.viewState;
  const [draft, setDraft] = useState<{ text: string; instead: string } | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [chosen, setChosen] = useState(-1);
  // What changed the filter elsewhere, as "Show all" does, replaces the draft.
  const text = draft?.instead === filter.text ? draft.text : filter.text;
  const names = namesOf(sweep);
  const { start, end, options } =
    cursor === null
      ? { start: 0, end: 0, options: [] }
      : completionOf(text, Math.min(cursor, text.length), names, sweep.rows);

  const update = (value: string, at: number | null) => {
    const isQuery = queryProblem(value) === null;
    setDraft(isQuery ? null : { text: value, instead: filter.text });
    setCursor(at);
    setChosen(-1);
    if (isQuery) {
      sweep.setViewState({ filter: { ...filter, text: value } });
    }
  };
  const insert = (option: string) => {
    const isOpen = option.endsWith(':') || option.endsWith('[');
    const value = `${text.slice(0, start)}${option}${isOpen ? '' : ' '}${text.slice(end)}`;
    const at = start + option.length + (isOpen ? 0 : 1);
    update(value, at);
    requestAnimationFrame(() => input.current?.setSelectionRange(at, at));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined && options.length > 0) {
      setChosen((chosen + by + (chosen < 0 && by < 0 ? 1 : 0) + options.length) % options.length);
    } else if (event.key === 'ArrowDown' && cursor === null) {
      setCursor(input.current?.selectionStart ?? text.length);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && chosen >= 0) {
      insert(options[chosen]);
    } else if (event.key === 'Escape' && options.length > 0) {
      setCursor(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const problem = queryProblem(text);
  const unknown = problem === null ? unknownName(text, sweep, names) : null;
  const isOpen = options.length > 0;
  return (
    <>
      <span className="jp-wm-QueryBox">
        <input
          ref={input}
          className="jp-wm-Input"
          type="search"
          role="combobox"
          placeholder={trans.__('Filter: words, or lr < 0.01 and state == finished')}
          aria-label={trans.__('Filter runs')}
          aria-invalid={problem !== null}
          aria-describedby={`${id}-problem`}
          aria-autocomplete="list"
          aria-expanded={isOpen}
          aria-controls={`${id}-options`}
          aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={event => update(event.target.value, event.target.selectionStart)}
          onClick={event => {
            setCursor(text === '' ? null : event.currentTarget.selectionStart);
            setChosen(-1);
          }}
          onBlur={() => setCursor(null)}
          onKeyDown={onKeyDown}
        />
        <div
          id={`${id}-options`}
          role="listbox"
          aria-label={trans.__('Completions')}
          className="jp-wm-QueryBox-options"
          hidden={!isOpen}
        >
          {options.map((option, index) => (
            // The input handles the keys.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={option}
              id={`${id}-${index}`}
              ref={element => {
                if (index === chosen) {
                  element?.scrollIntoView({ block: 'nearest' });
                }
              }}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              // With a click, the input must keep the focus.
              onPointerDown={event => event.preventDefault()}
              onClick={() => insert(option)}
            >
              {option}
            </div>
          ))}
        </div>
      </span>
      <span id={`${id}-problem`} className="jp-wm-QueryBox-problem" role="status">
        {problem?.message ?? (unknown === null ? '' : trans.__('No run has %1.', unknown))}
      </span>
    </>
  );
}

/** The names of all parameters and metrics. */
function namesOf(sweep: SweepModel): string[] {
  const names = sweep.columns.filter(({ group }) => group !== 'run').map(({ name }) => name);
  return [...new Set(names)];
}

/** The first name in a query that no run has. */
function unknownName(text: string, sweep: SweepModel, names: readonly string[]): string | null {
  const unknown = parseQuery(text).names.find(name => !isKnown(name, names));
  return sweep.isComplete ? (unknown ?? null) : null;
}
