/** What is said about resources. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Gpu, GpuShare, SweepSummary } from '../../../api/schemas';
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
    ? trans.__('The next run waits for a free agent.')
    : '';
}

/** `GPU 0`, or a MIG slice by the beginning of its id, which is long. */
export function gpuLabel({ id, label }: Gpu, trans: TranslationBundle): string {
  if (id.startsWith('MIG-')) {
    return trans.__('MIG slice %1', `${id.slice(4, 12)}…`);
  }
  return trans.__('GPU %1', label.length > 12 ? `${label.slice(0, 12)}…` : label);
}
