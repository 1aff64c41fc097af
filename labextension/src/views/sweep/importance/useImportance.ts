/** The importance of each parameter, as the server's evaluator computes it; shared by the plots. */

import { useEffect } from 'react';

import { CachedQuery } from '../../../models/cachedQuery';
import { useSignal } from '../../../components/useSignal';
import { useOnReconnect } from '../../../components/useOnReconnect';
import type { SweepModel } from '../../../models/sweepModel';
import type { IImportanceQuery } from '../../../api/restapi';
import type { Importance } from '../../../api/schemas';
import { useVisible } from '../../../components/viewContext';

/** An evaluation costs the server some seconds of CPU time. */
const REFRESH_MS = 5000;

const queries = new WeakMap<SweepModel, Map<string, CachedQuery<Importance>>>();

/** By default for the objective, with the server's default evaluator. */
export function importanceQuery(
  sweep: SweepModel,
  query: IImportanceQuery = {}
): CachedQuery<Importance> {
  const sweepQueries = queries.get(sweep) ?? new Map<string, CachedQuery<Importance>>();
  queries.set(sweep, sweepQueries);
  const key = JSON.stringify(query);
  let fetched = sweepQueries.get(key);
  if (fetched === undefined) {
    const ask = () => sweep.host.api.importance(sweep.id, query);
    fetched = new CachedQuery(ask, REFRESH_MS);
    sweepQueries.set(key, fetched);
  }
  return fetched;
}

/** The importance, recomputed when more runs have ended. */
export function useImportance(
  sweep: SweepModel,
  query: IImportanceQuery = {}
): CachedQuery<Importance> {
  const fetched = importanceQuery(sweep, query);
  const visible = useVisible();
  useSignal(fetched.changed);
  useOnReconnect(fetched.retry);
  const ended = sweep.summary?.ended ?? 0;
  useEffect(() => {
    if (visible && ended > 0) {
      fetched.ensureFresh(ended);
    }
    return () => fetched.pause();
  }, [fetched, visible, ended]);
  return fetched;
}
