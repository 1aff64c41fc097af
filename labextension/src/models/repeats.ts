/** Sets of parameters with repeats, by the mean of their runs; as `analysis.repeats`. Pure. */

import type { RunRow } from '../api/schemas';
import { compareByNumber } from './columns';
import { statisticsOf } from './groups';

/** A set of parameters with a value. */
export interface IRepeatedSet {
  /** Its runs in order; of those with the same number, the newest attempt. */
  rows: readonly RunRow[];
  mean: number;
  /** The standard deviation; null of a single value. */
  sd: number | null;
  /** How many runs the mean is of. */
  count: number;
  /** Whether it has all its runs: only such sets are ranked, once there is one. */
  isComplete: boolean;
}

/** All sets of parameters with a value, in order of their first runs. */
export function repeatedSets(rows: readonly RunRow[], repeat: number): IRepeatedSet[] {
  const newest = new Map<number, RunRow>();
  for (const row of [...rows].sort(compareByNumber)) {
    newest.set(row.number, row);
  }
  const groups = new Map<number, RunRow[]>();
  for (const row of newest.values()) {
    const group = groups.get(row.repeat_group);
    if (group === undefined) {
      groups.set(row.repeat_group, [row]);
    } else {
      group.push(row);
    }
  }
  return [...groups.values()].flatMap((members): IRepeatedSet[] => {
    const finished = members.filter(({ state, value }) => state === 'finished' && value !== null);
    const counted = finished.length > 0 ? finished : members;
    const { mean, sd, values } = statisticsOf(counted.map(({ value }) => value));
    return mean === null
      ? []
      : [{ rows: members, mean, sd, count: values, isComplete: finished.length >= repeat }];
  });
}

/** The sets that count, in order: those with all their runs; as long as there are none, all. */
export function countedSets(sets: readonly IRepeatedSet[]): readonly IRepeatedSet[] {
  const complete = sets.filter(({ isComplete }) => isComplete);
  return complete.length > 0 ? complete : sets;
}

/** All sets, best first; those that lack runs come last, once there are others. */
export function rankedSets(
  rows: readonly RunRow[],
  repeat: number,
  maximize: boolean
): IRepeatedSet[] {
  const sets = repeatedSets(rows, repeat);
  return sets.sort(
    (one, other) =>
      Number(other.isComplete) - Number(one.isComplete) ||
      (maximize ? other.mean - one.mean : one.mean - other.mean)
  );
}
