/** Which of many runs are drawn as curves. Pure. */

import type { RunRow } from '../../../wire';

/** More lines than these tell nothing that the band does not. */
export const MOST_DRAWN = 50;
const BEST = 25;

export interface IDrawn {
  /** In order of number. */
  runs: readonly RunRow[];
  /** How many there are to choose from. */
  of: number;
}

/** All runs that have begun, if they are few; else the best ones, and the newest of the others. */
export function drawnRuns(considered: readonly RunRow[], maximize: boolean): IDrawn {
  const begun = considered.filter(row => row.started !== null);
  if (begun.length <= MOST_DRAWN) {
    return { runs: begun, of: begun.length };
  }
  const value = (row: RunRow) => (maximize ? -1 : 1) * (row.value ?? NaN);
  const best = begun
    .filter(row => row.value !== null)
    .sort((one, other) => value(one) - value(other))
    .slice(0, BEST);
  const drawn = new Set(best);
  for (let index = begun.length - 1; drawn.size < MOST_DRAWN; index -= 1) {
    drawn.add(begun[index]);
  }
  return { runs: begun.filter(row => drawn.has(row)), of: begun.length };
}
