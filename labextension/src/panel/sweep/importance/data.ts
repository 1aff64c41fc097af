/** How much each parameter matters, as the server's evaluator has it; shared by the plots. */

import { useEffect } from 'react';

import { Fetched } from '../../../fetched';
import { useSignal } from '../../../lab';
import { useReconnected } from '../../../parts/useReconnected';
import type { SweepModel } from '../../../sweep';
import type { Importance } from '../../../wire';
import { useVisible } from '../../widget';

/** An evaluation takes the server some seconds of computing. */
const PAUSE_MS = 5000;

const models = new WeakMap<SweepModel, Map<string, Fetched<Importance>>>();

/** For the objective, or for another metric of the runs' summaries. */
export function importanceOf(sweep: SweepModel, metric: string): Fetched<Importance> {
  const known = models.get(sweep) ?? new Map<string, Fetched<Importance>>();
  models.set(sweep, known);
  let fetched = known.get(metric);
  if (fetched === undefined) {
    const ask = () => sweep.model.api.importance(sweep.id, metric === '' ? undefined : metric);
    fetched = new Fetched(ask, PAUSE_MS);
    known.set(metric, fetched);
  }
  return fetched;
}

/** The importance for a metric (empty: the objective), anew when further runs have ended. */
export function useImportance(sweep: SweepModel, metric = ''): Fetched<Importance> {
  const fetched = importanceOf(sweep, metric);
  const visible = useVisible();
  useSignal(fetched.changed);
  useReconnected(fetched.retry);
  const ended = sweep.summary?.ended ?? 0;
  useEffect(() => {
    if (visible && ended > 0) {
      fetched.keep(ended);
    }
    return () => fetched.pause();
  }, [fetched, visible, ended]);
  return fetched;
}
