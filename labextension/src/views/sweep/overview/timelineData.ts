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

/** A part of a bar, as fractions of its height, and how it is filled. */
export interface IBarShape {
  top: number;
  height: number;
  fill: 'solid' | 'hollow' | 'hatched';
}

/**
 * The shape of a bar, by which its state can be told without its color: full when it finished, an
 * outline while it runs, hatched if it failed, lower if it was ended early.
 */
export function barShape(state: RunRow['state']): IBarShape {
  switch (state) {
    case 'running':
    case 'pending':
      return { top: 0, height: 1, fill: 'hollow' };
    case 'failed':
    case 'killed':
    case 'lost':
      return { top: 0, height: 1, fill: 'hatched' };
    case 'pruned':
      return { top: 0.5, height: 0.5, fill: 'solid' };
    case 'stopped':
      return { top: 0.35, height: 0.3, fill: 'solid' };
    case 'finished':
      return { top: 0, height: 1, fill: 'solid' };
  }
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
