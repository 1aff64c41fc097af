/**
 * What the models of one sweep need from the model of all sweeps, which implements this interface.
 */

import type { ISignal } from '@lumino/signaling';

import type { RestAPI } from '../api/restapi';
import type { SweepSummary } from '../api/schemas';
import type { Socket } from '../api/socket';

export interface ISweepHost {
  readonly api: RestAPI;
  readonly socket: Socket;
  /** Emits when the summary of any sweep has changed. */
  readonly changed: ISignal<unknown, void>;
  summary(sweep: string): SweepSummary | undefined;
  /** Return the saved state of a sweep's views. */
  loadState(sweep: string): Promise<unknown>;
  /** Save the state of a sweep's views, which is JSON. */
  saveState(sweep: string, state: unknown): Promise<void>;
}
