/** What can be asked of a sweep or a run as it stands. Pure. */

import type { RunState, SweepSummary } from '../api/schemas';

type State = SweepSummary['state'];

const inState =
  (...states: State[]) =>
  ({ state }: SweepSummary): boolean =>
    states.includes(state);

export const canPause = inState('running');
export const canResume = inState('paused', 'stopped', 'failed', 'died');
export const canStop = inState('pending', 'running', 'paused');
export const canSetAgents = canStop;
export const canSetCount = inState('pending', 'running', 'paused', 'finished');
export const canDelete = inState('finished', 'stopped', 'failed', 'died');

/** A sweep of which runs failed; only its supervisor knows which of them ran again since. */
export function canRerunFailed(sweep: SweepSummary): boolean {
  return sweep.failed > 0 && sweep.state !== 'stopping';
}

/** An offline sweep can be sent to W&B; one that was sent in part goes on from there. */
export function canSync(sweep: SweepSummary): boolean {
  return sweep.mode === 'offline';
}

/** Whether a run that has ended can go on as the same run. */
export function canResumeRun(state: RunState): boolean {
  return !isAlive(state) && state !== 'finished';
}

/** Whether a run still goes on. */
export function isAlive(state: RunState): boolean {
  return state === 'pending' || state === 'running';
}
