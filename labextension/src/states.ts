/** The color and the label of each state; with its icon, so that color is never alone. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { type AnyState, STATE_TONES, type Tone } from './stateStyles';

/** The colors of drawings; for text, style/base.css defines them. */
const TONE_COLORS: Readonly<Record<Tone, string>> = {
  quiet: '--jp-ui-font-color3',
  active: '--jp-brand-color1',
  good: '--jp-success-color1',
  warning: '--jp-warn-color1',
  bad: '--jp-error-color1'
};

/** The name of a theme's color for a state in drawings. */
export function stateColor(state: AnyState): string {
  return TONE_COLORS[STATE_TONES[state]];
}

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
