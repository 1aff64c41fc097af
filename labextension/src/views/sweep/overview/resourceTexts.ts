/** What is said about resources. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { GpuShare, SweepSummary } from '../../../api/schemas';
import { formatSize } from '../../../format';

/** How much of a GPU a share is; empty for all of it. */
export function leasedText({ fraction, memory }: GpuShare): string {
  if (fraction >= 0.985) {
    // A run's further GPUs count a little less, so that others prefer them.
    return '';
  }
  const share = `${Math.round(100 * fraction)} %`;
  return memory > 0 ? `${share}, ${formatSize(memory)}` : share;
}

/** Why no further run starts although the sweep has not ended; empty if nothing prevents it. */
export function waitingText(
  { agents, cause, count, running, state }: SweepSummary,
  trans: TranslationBundle
): string {
  if (state === 'paused') {
    return cause === '' ? trans.__('Paused.') : trans.__('Paused: %1', cause);
  }
  if (state !== 'running') {
    return '';
  }
  if (cause !== '') {
    return trans.__('No further run starts: %1', cause);
  }
  return running >= agents && count !== null
    ? trans._n(
        'The next run waits for the agent.',
        'The next run waits for one of %1 agents.',
        agents
      )
    : '';
}
