/** The appearance and name of each state: icon, label and color, never color alone. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunState, SweepState } from './api/schemas';

export type AnyState = RunState | SweepState;

/** The character before a state's label, as in the notebook and the terminal. */
export const STATE_ICONS: Readonly<Record<AnyState, string>> = {
  pending: '○',
  running: '◐',
  paused: '‖',
  stopping: '◐',
  finished: '✓',
  stopped: '■',
  failed: '✗',
  died: '✗',
  killed: '✗',
  pruned: '✂',
  lost: '✗'
};

/** The color of a state in drawings; for text, style/base.css defines it. */
export const STATE_COLORS: Readonly<Record<AnyState, string>> = {
  pending: '--jp-border-color1',
  running: '--jp-brand-color1',
  paused: '--jp-warn-color1',
  stopping: '--jp-brand-color1',
  finished: '--jp-success-color1',
  stopped: '--jp-ui-font-color3',
  failed: '--jp-error-color1',
  died: '--jp-error-color1',
  killed: '--jp-error-color1',
  pruned: '--jp-warn-color1',
  lost: '--jp-error-color1'
};

/** The label of a state. */
export function stateLabel(state: AnyState, trans: TranslationBundle): string {
  const labels: Record<AnyState, string> = {
    pending: trans.__('pending'),
    running: trans.__('running'),
    paused: trans.__('paused'),
    stopping: trans.__('stopping'),
    finished: trans.__('finished'),
    stopped: trans.__('stopped'),
    failed: trans.__('failed'),
    died: trans.__('died'),
    killed: trans.__('killed'),
    pruned: trans.__('pruned'),
    lost: trans.__('lost')
  };
  return labels[state];
}
