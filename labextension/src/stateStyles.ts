// Made by scripts/wire from wandb_magic.display.states.

import type { RunState, SweepState } from './api/schemas';

export type AnyState = RunState | SweepState;

/** What the color of a state says. */
export type Tone = 'quiet' | 'active' | 'good' | 'warning' | 'bad';

/** The character before a state's label, as in the notebook and the terminal. */
export const STATE_ICONS: Readonly<Record<AnyState, string>> = {
  pending: '○',
  running: '◐',
  paused: '‖',
  stopping: '◐',
  finished: '✓',
  stopped: '■',
  pruned: '✂',
  failed: '✗',
  killed: '✗',
  lost: '✗',
  died: '✗'
};

export const STATE_TONES: Readonly<Record<AnyState, Tone>> = {
  pending: 'quiet',
  running: 'active',
  paused: 'warning',
  stopping: 'active',
  finished: 'good',
  stopped: 'quiet',
  pruned: 'warning',
  failed: 'bad',
  killed: 'bad',
  lost: 'bad',
  died: 'bad'
};
