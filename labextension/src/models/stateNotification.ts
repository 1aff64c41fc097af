/** Which state changes of a sweep are worth a notification. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { formatNumber } from '../format';
import type { IStateChange } from './sweepsModel';
import { stateLabel } from '../states';

/** All changes, only those that need attention, or none. */
export type NotificationLevel = 'all' | 'problems' | 'none';

export interface INotification {
  kind: 'success' | 'info' | 'warning' | 'error';
  message: string;
}

export function notificationFor(
  { sweep }: IStateChange,
  level: NotificationLevel,
  trans: TranslationBundle
): INotification | null {
  const { best, cause, ended, name, state } = sweep;
  const problem = (kind: 'warning' | 'error', message: string): INotification | null =>
    level === 'none' ? null : { kind, message };
  const info = (kind: 'success' | 'info', message: string): INotification | null =>
    level === 'all' ? { kind, message } : null;
  // "paused on request" is a complete message, "the first 3 runs failed" is not.
  const label = stateLabel(state, trans);
  const reason = cause === '' || cause.startsWith(state) ? cause || label : `${label}, ${cause}`;
  switch (state) {
    case 'finished': {
      const runs = trans._n('%1 run', '%1 runs', ended);
      if (sweep.all_failed) {
        return problem(
          'error',
          trans.__('Sweep %1 has finished: all runs failed (%2)', name, runs)
        );
      }
      return info(
        'success',
        best === null
          ? trans.__('Sweep %1 has finished: %2', name, runs)
          : trans.__('Sweep %1 has finished: %2, best %3', name, runs, formatNumber(best.value))
      );
    }
    case 'stopped':
      return info('info', trans.__('Sweep %1: %2', name, reason));
    case 'paused':
      return problem('warning', trans.__('Sweep %1: %2', name, reason));
    case 'failed':
      return problem('error', trans.__('Sweep %1: %2', name, reason));
    case 'died':
      return problem('error', trans.__('Sweep %1: its supervisor is not running', name));
    default:
      return null;
  }
}
