/** A state as icon, label and color. */

import type { ReactElement } from 'react';

import { usePanelContext } from './context';
import { stateLabel } from '../states';
import { type AnyState, STATE_ICONS, STATE_TONES } from '../stateStyles';

/** Without its label, the icon has it as tooltip and accessible name. */
export function StateLabel({
  state,
  showLabel = true
}: {
  state: AnyState;
  showLabel?: boolean;
}): ReactElement {
  const text = stateLabel(state, usePanelContext().trans);
  return (
    <span
      className="jp-wm-StateLabel"
      data-tone={STATE_TONES[state]}
      title={showLabel ? undefined : text}
    >
      <span
        className="jp-wm-StateLabel-icon"
        aria-hidden={showLabel}
        aria-label={showLabel ? undefined : text}
      >
        {STATE_ICONS[state]}
      </span>
      {showLabel && <span className="jp-wm-StateLabel-text">{text}</span>}
    </span>
  );
}
