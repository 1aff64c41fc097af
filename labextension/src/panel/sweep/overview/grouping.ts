/** Runs that broke, grouped by what they said. Pure. */

import type { RunRow, RunState } from '../../../wire';

export interface IFailure {
  /** What the newest of them said. */
  message: string;
  runs: readonly RunRow[];
}

const BROKEN: ReadonlySet<RunState> = new Set(['failed', 'killed', 'lost']);

/** The most frequent first. Messages that differ only in numbers and addresses are the same. */
export function failuresOf(rows: readonly RunRow[]): IFailure[] {
  const groups = new Map<string, RunRow[]>();
  for (const row of rows) {
    if (BROKEN.has(row.state)) {
      const key = `${row.state} ${messageOf(row).replace(/0x[\da-f]+|[\d.]+(e[+-]?\d+)?/gi, '#')}`;
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, [row]);
      } else {
        group.push(row);
      }
    }
  }
  return [...groups.values()]
    .map(runs => ({ message: messageOf(runs[runs.length - 1]), runs }))
    .sort((one, other) => other.runs.length - one.runs.length);
}

function messageOf(row: RunRow): string {
  return row.failure || row.cause || row.state;
}
