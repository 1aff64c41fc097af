/** What can be asked of a sweep or a run as it stands. Pure. */

import type { RunState, SweepSummary } from './wire';

type State = SweepSummary['state'];

const among =
  (...states: State[]) =>
  ({ state }: SweepSummary): boolean =>
    states.includes(state);

export const canPause = among('running');
export const canResume = among('paused', 'stopped', 'failed', 'died');
export const canStop = among('pending', 'running', 'paused');
export const canSetAgents = canStop;
export const canSetCount = among('pending', 'running', 'paused', 'finished');
export const canDelete = among('finished', 'stopped', 'failed', 'died');

/** Whether a run still goes on. */
export function isAlive(state: RunState): boolean {
  return state === 'pending' || state === 'running';
}
