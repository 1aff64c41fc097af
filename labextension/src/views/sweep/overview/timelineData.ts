/** Which agent executed which run when, as bars in lanes. Pure. */

import type { RunRow } from '../../../api/schemas';

export interface IBar {
  row: RunRow;
  lane: number;
  start: number;
  /** Null while the run is active. */
  end: number | null;
}

export interface ITimeline {
  /** In order of start. */
  bars: readonly IBar[];
  /** The agent of each lane. */
  agents: readonly number[];
  start: number;
  /** The end of the last run; null while any run is active. */
  end: number | null;
}

/** Null until a run has started. */
export function buildTimeline(rows: readonly RunRow[]): ITimeline | null {
  // A waiting run has no agent yet.
  const started = rows.filter(row => row.started !== null);
  const agents = [...new Set(started.map(row => row.agent))].sort((a, b) => a - b);
  const lanes = new Map(agents.map((agent, lane) => [agent, lane]));
  const bars: IBar[] = [];
  let start = Infinity;
  let end: number | null = -Infinity;
  for (const row of rows) {
    if (row.started !== null) {
      const runEnd = row.state === 'running' ? null : (row.ended ?? row.started);
      bars.push({ row, lane: lanes.get(row.agent) ?? 0, start: row.started, end: runEnd });
      start = Math.min(start, row.started);
      end = end === null || runEnd === null ? null : Math.max(end, runEnd);
    }
  }
  bars.sort((a, b) => a.start - b.start);
  return bars.length === 0 ? null : { bars, agents, start, end };
}

/** The bar at a time in a lane, or the last one that ended at most `slack` seconds before. */
export function barAt(
  bars: readonly IBar[],
  lane: number,
  time: number,
  now: number,
  slack: number
): IBar | null {
  let match: IBar | null = null;
  for (const bar of bars) {
    if (bar.start > time + slack) {
      break;
    }
    if (bar.lane === lane && (bar.end ?? now) >= time - slack) {
      match = bar;
    }
  }
  return match;
}
