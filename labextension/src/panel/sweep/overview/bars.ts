/** When which agent had which run, as bars on lanes. Pure. */

import type { RunRow } from '../../../wire';

export interface IBar {
  row: RunRow;
  lane: number;
  start: number;
  /** Null while the run goes on. */
  end: number | null;
}

export interface ITimeline {
  /** In order of start. */
  bars: readonly IBar[];
  /** The agent of each lane. */
  agents: readonly number[];
  from: number;
  /** The end of the last run; null while any goes on. */
  to: number | null;
}

/** Null as long as no run has begun. */
export function timelineOf(rows: readonly RunRow[]): ITimeline | null {
  // A run that waits has no agent yet.
  const begun = rows.filter(row => row.started !== null);
  const agents = [...new Set(begun.map(row => row.agent))].sort((one, other) => one - other);
  const lanes = new Map(agents.map((agent, lane) => [agent, lane]));
  const bars: IBar[] = [];
  let from = Infinity;
  let to: number | null = -Infinity;
  for (const row of rows) {
    if (row.started !== null) {
      const end = row.state === 'running' ? null : (row.ended ?? row.started);
      bars.push({ row, lane: lanes.get(row.agent) ?? 0, start: row.started, end });
      from = Math.min(from, row.started);
      to = to === null || end === null ? null : Math.max(to, end);
    }
  }
  bars.sort((one, other) => one.start - other.start);
  return bars.length === 0 ? null : { bars, agents, from, to };
}

/** The bar at a time on a lane; the last one before it that lies within `slack` seconds. */
export function barAt(
  bars: readonly IBar[],
  lane: number,
  time: number,
  now: number,
  slack: number
): IBar | null {
  let found: IBar | null = null;
  for (const bar of bars) {
    if (bar.start > time + slack) {
      break;
    }
    if (bar.lane === lane && (bar.end ?? now) >= time - slack) {
      found = bar;
    }
  }
  return found;
}
