/** The parameters in the sweep config. Pure. */

import type { SweepDetail } from '../api/schemas';

type Entry = Record<string, unknown>;

/** The entry of a parameter, by dotted key if nested; null if there is none. */
export function parameterOf(spec: SweepDetail['spec'], name: string): Entry | null {
  let group: unknown = spec.parameters;
  let rest = name;
  while (isEntry(group)) {
    const exact: unknown = group[rest];
    if (isEntry(exact)) {
      return exact;
    }
    // Keys may contain dots: the longest existing key is tried first.
    const keys = Object.keys(group).filter(key => rest.startsWith(`${key}.`));
    if (keys.length === 0) {
      return null;
    }
    const key = keys.reduce((a, b) => (b.length > a.length ? b : a));
    const entry: unknown = group[key];
    group = isEntry(entry) ? entry.parameters : null;
    rest = rest.slice(key.length + 1);
  }
  return null;
}

/** Whether a parameter has a logarithmic scale. */
export function isLogarithmic(spec: SweepDetail['spec'] | undefined, name: string): boolean {
  const distribution = spec && parameterOf(spec, name)?.distribution;
  return typeof distribution === 'string' && distribution.includes('log');
}

/** The numbers from which a parameter is chosen; null if it does not have a list of numbers. */
export function listedNumbers(
  spec: SweepDetail['spec'] | undefined,
  name: string
): readonly number[] | null {
  const values = spec && parameterOf(spec, name)?.values;
  const isList = Array.isArray(values) && values.every(value => typeof value === 'number');
  return isList ? values : null;
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
