/** What this extension provides to others, and the names they need for it. */

import { Token } from '@lumino/coreutils';

import type { SweepsModel } from './models/sweepsModel';

/** The sweeps of this user, live. */
export const ISweepsModel = new Token<SweepsModel>(
  'wandb-magic:IModel',
  'The W&B sweeps of this user, live, and what can be asked of them.'
);

export const PLUGIN = 'wandb-magic:plugin';
export const MIME_TYPE = 'application/vnd.wandb-magic.sweep+json';

/**
 * Ids of the commands. `sweep` and `run` in their arguments are ids; without them, commands act on
 * the current widget, and with `clicked: true` on the right-clicked element (`data-sweep`,
 * `data-run`).
 */
export const Commands = {
  showSweeps: 'wandb-magic:show-sweeps',
  openSweep: 'wandb-magic:open-sweep',
  openRun: 'wandb-magic:open-run',
  openLink: 'wandb-magic:open-link',
  copyLink: 'wandb-magic:copy-link',
  pause: 'wandb-magic:pause',
  resume: 'wandb-magic:resume',
  stop: 'wandb-magic:stop',
  drain: 'wandb-magic:drain',
  remove: 'wandb-magic:delete',
  setAgents: 'wandb-magic:set-agents',
  setCount: 'wandb-magic:set-count',
  setLimits: 'wandb-magic:set-limits',
  stopRun: 'wandb-magic:stop-run',
  rerun: 'wandb-magic:rerun',
  resumeRun: 'wandb-magic:resume-run',
  duplicateRun: 'wandb-magic:duplicate-run',
  rerunFailed: 'wandb-magic:rerun-failed',
  pinRun: 'wandb-magic:pin-run',
  hideRun: 'wandb-magic:hide-run',
  setBaseline: 'wandb-magic:set-baseline',
  sync: 'wandb-magic:sync',
  newSweep: 'wandb-magic:new-sweep',
  insertBest: 'wandb-magic:insert-best',
  copyBest: 'wandb-magic:copy-best',
  openNotebook: 'wandb-magic:open-notebook',
  debugRun: 'wandb-magic:debug-run'
} as const;
