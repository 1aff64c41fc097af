/** Selects the runs that are drawn as curves. Pure. */

import type { RunRow } from '../../../api/schemas';

/** More lines than this show nothing that the band does not. */
export const MAX_VISIBLE = 50;
const BEST_COUNT = 25;

export interface IVisibleCurves {
  /** In order of number. */
  runs: readonly RunRow[];
  /** The number of runs to choose from. */
  total: number;
}

/** All started runs if they are few; else the best ones, and the newest of the others. */
export function visibleRuns(runs: readonly RunRow[], maximize: boolean): IVisibleCurves {
  const started = runs.filter(row => row.started !== null);
  if (started.length <= MAX_VISIBLE) {
    return { runs: started, total: started.length };
  }
  const value = (row: RunRow) => (maximize ? -1 : 1) * (row.value ?? NaN);
  const best = started
    .filter(row => row.value !== null)
    .sort((a, b) => value(a) - value(b))
    .slice(0, BEST_COUNT);
  const visible = new Set(best);
  for (let index = started.length - 1; visible.size < MAX_VISIBLE; index -= 1) {
    visible.add(started[index]);
  }
  return { runs: started.filter(row => visible.has(row)), total: started.length };
}
