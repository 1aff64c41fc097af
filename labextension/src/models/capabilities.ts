/** Which requests a sweep or a run accepts in its current state. Pure. */

import { REQUESTS, type Verb } from '../api/requests';
import type { RunState, SweepSummary } from '../api/schemas';

/** Whether a request makes sense for a sweep in its current state. */
export function canRequest(verb: Verb, sweep: SweepSummary): boolean {
  const { states, modes, needs } = REQUESTS[verb];
  return (
    states.includes(sweep.state) &&
    modes.includes(sweep.mode) &&
    (needs === null || Number(sweep[needs]) > 0)
  );
}

/** Whether a request makes sense for a run in this state. */
export function canRequestForRun(verb: Verb, state: RunState): boolean {
  return REQUESTS[verb].runStates.includes(state);
}

/** Whether a sweep can be deleted. */
export function canDelete({ state }: SweepSummary): boolean {
  return state === 'finished' || state === 'stopped' || state === 'failed' || state === 'died';
}

/** Whether a run is still active. */
export function isAlive(state: RunState): boolean {
  return state === 'pending' || state === 'running';
}
