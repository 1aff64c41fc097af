/**
 * The Pareto front of a sweep with several objectives, as `Sweep.pareto()` in Python: the runs that no
 * other one equals in all objectives and beats in one. Pure.
 */

import type { RunRow, RunState, SweepDetail } from '../api/schemas';

export interface IGoal {
  name: string;
  maximize: boolean;
}

/** The bounds that a value of the summary must keep to. */
export interface IConstraint {
  name: string;
  min: number;
  max: number;
}

export interface IObjectives {
  goals: readonly IGoal[];
  constraints: readonly IConstraint[];
}

/**
 * What a run is for the front: on it, dominated by a run on it, breaking a constraint, or not counted
 * because it failed or has not ended.
 */
export type FrontStatus = 'front' | 'dominated' | 'infeasible' | 'uncounted';

/** Runs that failed or were lost are not the best, whatever they have logged. */
const COUNTED: ReadonlySet<RunState> = new Set<RunState>(['finished', 'pruned', 'stopped']);

/** The objectives of a sweep; null unless it has several. */
export function objectivesOf(spec: SweepDetail['spec'] | undefined): IObjectives | null {
  const goals = entriesOf(spec?.metrics).map(({ name, goal }) => ({
    name: String(name),
    maximize: goal === 'maximize'
  }));
  const constraints = entriesOf(spec?.constraints).map(({ name, min, max }) => ({
    name: String(name),
    min: typeof min === 'number' ? min : -Infinity,
    max: typeof max === 'number' ? max : Infinity
  }));
  return goals.length < 2 ? null : { goals, constraints };
}

/** The status of each run by its id; runs without a value of each objective have none. */
export function frontStatuses(
  rows: readonly RunRow[],
  { goals, constraints }: IObjectives
): ReadonlyMap<string, FrontStatus> {
  const statuses = new Map<string, FrontStatus>();
  const points: { id: string; costs: readonly number[] }[] = [];
  for (const row of rows) {
    const values = goals.map(({ name }) => numberOf(row, name));
    if (values.some(value => value === null)) {
      continue;
    }
    if (!COUNTED.has(row.state)) {
      statuses.set(row.id, 'uncounted');
    } else if (!constraints.every(constraint => isWithin(row, constraint))) {
      statuses.set(row.id, 'infeasible');
    } else {
      // All objectives are minimized from here on.
      const costs = values.map((value, index) => (goals[index].maximize ? -1 : 1) * Number(value));
      points.push({ id: row.id, costs });
    }
  }
  // What dominates a point comes before it in this order, and is on the front or behind it.
  points.sort((a, b) => compareCosts(a.costs, b.costs));
  const front: (readonly number[])[] = [];
  for (const { id, costs } of points) {
    const isDominated = front.some(
      other =>
        other.every((cost, index) => cost <= costs[index]) && compareCosts(other, costs) !== 0
    );
    statuses.set(id, isDominated ? 'dominated' : 'front');
    if (!isDominated) {
      front.push(costs);
    }
  }
  return statuses;
}

/** The runs on the front, the best in the first objective first. */
export function frontRuns(
  rows: readonly RunRow[],
  objectives: IObjectives,
  statuses = frontStatuses(rows, objectives)
): readonly RunRow[] {
  const costs = (row: RunRow) =>
    objectives.goals.map(({ name, maximize }) => (maximize ? -1 : 1) * Number(row.summary[name]));
  return rows
    .filter(row => statuses.get(row.id) === 'front')
    .sort((a, b) => compareCosts(costs(a), costs(b)));
}

/**
 * The line around what the counted runs dominate in two objectives: a staircase, because nothing is
 * known to lie between two runs.
 */
export function frontLine(
  rows: readonly RunRow[],
  { constraints }: IObjectives,
  goals: readonly [IGoal, IGoal]
): (readonly [number, number])[] {
  const corners: (readonly [number, number])[] = [];
  const worse = ({ maximize }: IGoal, a: number, b: number) =>
    maximize ? Math.min(a, b) : Math.max(a, b);
  for (const row of frontRuns(rows, { goals, constraints })) {
    const [x, y] = goals.map(({ name }) => Number(row.summary[name]));
    const previous = corners.at(-1);
    if (previous !== undefined) {
      corners.push([worse(goals[0], previous[0], x), worse(goals[1], previous[1], y)]);
    }
    corners.push([x, y]);
  }
  return corners;
}

function numberOf(row: RunRow, name: string): number | null {
  const value = Object.hasOwn(row.summary, name) ? row.summary[name] : null;
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function isWithin(row: RunRow, { name, min, max }: IConstraint): boolean {
  const value = numberOf(row, name);
  return value !== null && value >= min && value <= max;
}

function compareCosts(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((cost, at) => cost !== b[at]);
  return index < 0 ? 0 : a[index] - b[index];
}

function entriesOf(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? (list as Record<string, unknown>[]) : [];
}
