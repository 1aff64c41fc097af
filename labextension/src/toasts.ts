/** What is worth a notification when a sweep goes from one state to another. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { formatNumber } from './format';
import type { ITransition } from './model';
import { stateWord } from './states';

/** All that is worth telling, only what asks for somebody, or nothing. */
export type Notifications = 'all' | 'problems' | 'none';

export interface IToast {
  kind: 'success' | 'info' | 'warning' | 'error';
  message: string;
}

export function toastOf(
  { sweep }: ITransition,
  wanted: Notifications,
  trans: TranslationBundle
): IToast | null {
  const { best, cause, ended, name, state } = sweep;
  const problem = (kind: 'warning' | 'error', message: string): IToast | null =>
    wanted === 'none' ? null : { kind, message };
  const news = (kind: 'success' | 'info', message: string): IToast | null =>
    wanted === 'all' ? { kind, message } : null;
  // "paused on request" says what it is, "the first 3 runs failed" does not.
  const word = stateWord(state, trans);
  const why = cause === '' || cause.startsWith(state) ? cause || word : `${word}, ${cause}`;
  switch (state) {
    case 'finished': {
      const runs = trans._n('%1 run', '%1 runs', ended);
      return news(
        'success',
        best === null
          ? trans.__('Sweep %1 has finished: %2', name, runs)
          : trans.__('Sweep %1 has finished: %2, best %3', name, runs, formatNumber(best.value))
      );
    }
    case 'stopped':
      return news('info', trans.__('Sweep %1: %2', name, why));
    case 'paused':
      return problem('warning', trans.__('Sweep %1: %2', name, why));
    case 'failed':
      return problem('error', trans.__('Sweep %1: %2', name, why));
    case 'died':
      return problem('error', trans.__('Sweep %1: its supervisor is gone', name));
    default:
      return null;
  }
}
