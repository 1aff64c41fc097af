/** Which requests a sweep or a run accepts in its current state. Pure. */

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

/** A sweep with failed runs; only its supervisor knows which of them have been rerun since. */
export function canRerunFailed(sweep: SweepSummary): boolean {
  return sweep.failed > 0 && sweep.state !== 'stopping';
}

/** An offline sweep can be synced to W&B; a partial sync is continued. */
export function canSync(sweep: SweepSummary): boolean {
  return sweep.mode === 'offline';
}

/** Whether a run that has ended can be resumed. */
export function canResumeRun(state: RunState): boolean {
  return !isAlive(state) && state !== 'finished';
}

/** Whether a run is still active. */
export function isAlive(state: RunState): boolean {
  return state === 'pending' || state === 'running';
}
