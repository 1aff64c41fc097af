/** Groups failed runs by their error message. Pure. */

import type { RunRow, RunState } from '../../../api/schemas';

export interface IFailureGroup {
  /** The message of the newest run. */
  message: string;
  runs: readonly RunRow[];
}

const FAILED_STATES: ReadonlySet<RunState> = new Set(['failed', 'killed', 'lost']);

/**
 * The most frequent failure first. Messages that differ only in numbers and addresses are the same.
 */
export function groupFailures(rows: readonly RunRow[]): IFailureGroup[] {
  const groups = new Map<string, RunRow[]>();
  for (const row of rows) {
    if (FAILED_STATES.has(row.state)) {
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
    .sort((a, b) => b.runs.length - a.runs.length);
}

function messageOf(row: RunRow): string {
  return row.failure || row.cause || row.state;
}
