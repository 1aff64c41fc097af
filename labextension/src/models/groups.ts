/** Groups of runs that have the same values, and their statistics; as `analysis.groups`. Pure. */

import type { RunRow } from '../api/schemas';
import { cellReader } from './columns';
import { valueText } from './query/runFields';

/** The statistics of the finite values of some runs; null where there are too few values. */
export interface IStatistics {
  /** The number of runs. */
  count: number;
  /** The number of those with a finite value. */
  values: number;
  mean: number | null;
  /** The standard deviation of a sample. */
  sd: number | null;
  /** The standard error of the mean. */
  se: number | null;
  min: number | null;
  q1: number | null;
  median: number | null;
  q3: number | null;
  max: number | null;
}

export type Statistic = keyof IStatistics;

export const STATISTICS: readonly Statistic[] = [
  'count',
  'values',
  'mean',
  'sd',
  'se',
  'min',
  'q1',
  'median',
  'q3',
  'max'
];

export interface IGroup {
  /** Identifies the group as long as what it is grouped by stays the same. */
  id: string;
  /** What its runs share, for each column; null if they have no value. */
  labels: readonly (string | null)[];
  rows: readonly RunRow[];
  statistics: IStatistics;
}

interface IPart {
  kind: number;
  value: number | string;
  label: string | null;
}

/** Groups are ordered by numbers, then booleans, then texts, then what is missing. */
const NUMBER = 0;
const BOOLEAN = 1;
const TEXT = 2;
const MISSING: IPart = { kind: 3, value: '', label: null };

/** The groups of runs by columns; a run with several tags is in several groups. */
export function groupRuns(rows: readonly RunRow[], by: readonly string[]): IGroup[] {
  const readers = by.map(partsReader);
  const members = new Map<string, { parts: readonly IPart[]; rows: RunRow[] }>();
  for (const row of rows) {
    let keys: IPart[][] = [[]];
    for (const read of readers) {
      const parts = read(row);
      keys = keys.flatMap(key => parts.map(part => [...key, part]));
    }
    for (const parts of keys) {
      const id = JSON.stringify(parts.map(({ kind, value }) => [kind, value]));
      const group = members.get(id);
      if (group === undefined) {
        members.set(id, { parts, rows: [row] });
      } else {
        group.rows.push(row);
      }
    }
  }
  return [...members]
    .sort(([, one], [, other]) => compareParts(one.parts, other.parts))
    .map(([id, group]) => ({
      id,
      labels: group.parts.map(part => part.label),
      rows: group.rows,
      statistics: statisticsOf(group.rows.map(row => row.value))
    }));
}

/** The statistics of values; those that are missing or not finite count only as runs. */
export function statisticsOf(values: readonly (number | null)[]): IStatistics {
  const finite = values.filter((value): value is number => Number.isFinite(value));
  finite.sort((one, other) => one - other);
  const count = finite.length;
  const sum = finite.reduce((total, value) => total + value, 0);
  const mean = count === 0 ? null : sum / count;
  const squares = finite.reduce((total, value) => total + (value - (mean ?? 0)) ** 2, 0);
  const sd = count < 2 ? null : Math.sqrt(squares / (count - 1));
  return {
    count: values.length,
    values: count,
    mean,
    sd,
    se: sd === null ? null : sd / Math.sqrt(count),
    min: quantile(finite, 0),
    q1: quantile(finite, 0.25),
    median: quantile(finite, 0.5),
    q3: quantile(finite, 0.75),
    max: quantile(finite, 1)
  };
}

/** Sort groups by a statistic; those without come last, and `null` keeps the order. */
export function sortGroups(
  groups: readonly IGroup[],
  statistic: Statistic | null,
  descending: boolean
): readonly IGroup[] {
  if (statistic === null) {
    return descending ? [...groups].reverse() : groups;
  }
  const sign = descending ? -1 : 1;
  return [...groups].sort((one, other) => {
    const [a, b] = [one.statistics[statistic], other.statistics[statistic]];
    return a === null || b === null ? Number(a === null) - Number(b === null) : sign * (a - b);
  });
}

/** The quantile of sorted values, interpolated linearly as NumPy and pandas do. */
function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) {
    return null;
  }
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below];
  return low + (place - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - low);
}

function partsReader(column: string): (row: RunRow) => readonly IPart[] {
  if (column === 'tags') {
    return ({ tags }) => (tags.length === 0 ? [MISSING] : [...new Set(tags)].map(textPart));
  }
  const read = cellReader(column);
  const values = new Map<unknown, readonly IPart[]>();
  return row => {
    const value = read(row);
    let parts = values.get(value);
    if (parts === undefined) {
      parts = [partOf(value)];
      values.set(value, parts);
    }
    return parts;
  };
}

function partOf(value: unknown): IPart {
  if (value === null || value === '') {
    return MISSING;
  }
  if (typeof value === 'number') {
    return { kind: NUMBER, value, label: valueText(value) };
  }
  return typeof value === 'boolean'
    ? { kind: BOOLEAN, value: Number(value), label: valueText(value) }
    : textPart(valueText(value));
}

function textPart(text: string): IPart {
  return { kind: TEXT, value: text, label: text };
}

function compareParts(one: readonly IPart[], other: readonly IPart[]): number {
  for (let index = 0; index < one.length; index += 1) {
    const [a, b] = [one[index], other[index]];
    if (a.kind !== b.kind || a.value !== b.value) {
      return a.kind - b.kind || (a.value < b.value ? -1 : 1);
    }
  }
  return 0;
}
