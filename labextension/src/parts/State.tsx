/** A state as icon, word and colour. */

import type { ReactElement } from 'react';

import { useLab } from '../lab';
import { type AnyState, MARKS, stateWord } from '../states';

/** Without its word, the icon carries it for the pointer and for screen readers. */
export function State({ state, word = true }: { state: AnyState; word?: boolean }): ReactElement {
  const text = stateWord(state, useLab().trans);
  return (
    <span className="jp-wm-State" data-state={state} title={word ? undefined : text}>
      <span className="jp-wm-State-mark" aria-hidden={word} aria-label={word ? undefined : text}>
        {MARKS[state]}
      </span>
      {word && <span className="jp-wm-State-word">{text}</span>}
    </span>
  );
}
