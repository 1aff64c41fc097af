/** A state as icon, label and color. */

import type { ReactElement } from 'react';

import { usePanelContext } from './context';
import { stateLabel } from '../states';
import { type AnyState, STATE_ICONS, STATE_TONES } from '../stateStyles';

/**
 * Without its label, the icon has it as tooltip and accessible name. A finished sweep looks failed if
 * all its runs failed.
 */
export function StateLabel({
  state,
  allFailed = false,
  showLabel = true
}: {
  state: AnyState;
  allFailed?: boolean;
  showLabel?: boolean;
}): ReactElement {
  const { trans } = usePanelContext();
  const label = stateLabel(state, trans);
  const text = allFailed ? trans.__('%1, all runs failed', label) : label;
  const look = allFailed ? 'failed' : state;
  return (
    <span
      className="jp-wm-StateLabel"
      data-tone={STATE_TONES[look]}
      title={showLabel ? undefined : text}
    >
      <span
        className="jp-wm-StateLabel-icon"
        aria-hidden={showLabel}
        aria-label={showLabel ? undefined : text}
      >
        {STATE_ICONS[look]}
      </span>
      {showLabel && <span className="jp-wm-StateLabel-text">{text}</span>}
    </span>
  );
}
