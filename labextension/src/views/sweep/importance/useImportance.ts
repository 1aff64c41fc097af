/** The importance of each parameter, as the server's evaluator computes it; shared by the plots. */

import { useEffect } from 'react';

import { CachedQuery } from '../../../models/cachedQuery';
import { useSignal } from '../../../components/useSignal';
import { useOnReconnect } from '../../../components/useOnReconnect';
import type { SweepModel } from '../../../models/sweepModel';
import type { Importance } from '../../../api/schemas';
import { useVisible } from '../../../components/viewContext';

/** An evaluation costs the server some seconds of CPU time. */
const REFRESH_MS = 5000;

const queries = new WeakMap<SweepModel, Map<string, CachedQuery<Importance>>>();

/** For the objective, or for another metric in the runs' summaries. */
export function importanceQuery(sweep: SweepModel, metric: string): CachedQuery<Importance> {
  const sweepQueries = queries.get(sweep) ?? new Map<string, CachedQuery<Importance>>();
  queries.set(sweep, sweepQueries);
  let fetched = sweepQueries.get(metric);
  if (fetched === undefined) {
    const ask = () => sweep.host.api.importance(sweep.id, metric === '' ? undefined : metric);
    fetched = new CachedQuery(ask, REFRESH_MS);
    sweepQueries.set(metric, fetched);
  }
  return fetched;
}

/** The importance for a metric (empty: the objective), recomputed when more runs have ended. */
export function useImportance(sweep: SweepModel, metric = ''): CachedQuery<Importance> {
  const fetched = importanceQuery(sweep, metric);
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
