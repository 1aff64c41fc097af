/** What a name in a query means: a field of every run, a parameter, or a metric. Pure. */

import type { RunRow, RunState } from '../../api/schemas';

const STATES: Record<RunState, null> = {
  pending: null,
  running: null,
  finished: null,
  failed: null,
  killed: null,
  stopped: null,
  pruned: null,
  lost: null
};
export const RUN_STATES: readonly string[] = Object.keys(STATES);

/** What a run has where it has no value: every comparison with it is false. */
export const ABSENT = Symbol('absent');

export type Reader = (row: RunRow) => unknown;

/** What every run has, by name; null and empty texts count as absent. */
const FIELDS = new Map<string, Reader>([
  ['number', row => row.number],
  ['attempt', row => row.attempt],
  ['agent', row => row.agent],
  ['version', row => row.version],
  ['value', row => row.value],
  ['duration', row => durationOf(row)],
  ['created', row => row.created],
  ['started', row => row.started],
  ['ended', row => row.ended],
  ['id', row => row.id],
  ['name', row => row.name],
  ['state', row => row.state],
  ['cause', row => row.cause],
  ['failure', row => row.failure],
  ['group', row => row.group],
  ['host', row => row.host],
  ['notes', row => row.notes],
  ['proposer', row => row.proposer],
  ['parent', row => row.parent],
  ['tags', row => row.tags]
]);

export const FIELD_NAMES: readonly string[] = [...FIELDS.keys()];

/** The fields that are numbers: times are seconds since the epoch, `duration` in seconds. */
export const NUMBER_FIELDS: readonly string[] = FIELD_NAMES.slice(0, FIELD_NAMES.indexOf('id'));

const PREFIXES = ['config.', 'params.', 'summary.'];

const ALIASES = new Map([
  ['tag', 'tags'],
  ['note', 'notes']
]);

/** The field of every run that a name means; null for parameters and metrics. */
export function fieldName(name: string): string | null {
  const field = ALIASES.get(name) ?? name;
  return FIELDS.has(field) ? field : null;
}

/**
 * What reads the value of this name: `ABSENT` for runs without one.
 *
 * A name is a field of every run, else a parameter, else a metric. `config.x` is only a parameter,
 * `summary.x` only a metric.
 */
export function valueReader(name: string): Reader {
  const field = fieldName(name);
  const read = field === null ? undefined : FIELDS.get(field);
  if (read !== undefined) {
    return row => {
      const value = read(row);
      return value === null || value === '' ? ABSENT : value;
    };
  }
  const prefix = PREFIXES.find(each => name.startsWith(each));
  const rest = name.slice(prefix?.length ?? 0);
  return row => {
    if (prefix !== undefined) {
      const values = prefix === 'summary.' ? row.summary : row.params;
      if (Object.hasOwn(values, rest)) {
        return values[rest];
      }
    }
    return Object.hasOwn(row.params, name)
      ? row.params[name]
      : Object.hasOwn(row.summary, name)
        ? row.summary[name]
        : ABSENT;
  };
}

/** The duration of a run so far, in seconds; null before it has started. */
export function durationOf(row: RunRow): number | null {
  if (row.started === null) {
    return null;
  }
  return Math.max(0, (row.ended ?? Date.now() / 1000) - row.started);
}

const searchTexts = new WeakMap<RunRow, string>();

/** The text in which words are searched, in lower case. */
export function searchedText(row: RunRow): string {
  let text = searchTexts.get(row);
  if (text === undefined) {
    text = [
      row.id,
      row.name,
      `#${row.number}`,
      row.state,
      row.cause,
      row.failure,
      row.group,
      row.host,
      row.notes,
      ...row.tags,
      ...Object.entries(row.params).map(([key, value]) => `${key}=${valueText(value)}`)
    ]
      .join(' ')
      .toLowerCase();
    searchTexts.set(row, text);
  }
  return text;
}

/** A value as text. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(valueText).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const items = Object.entries(value).map(([key, part]) => `${key}:${valueText(part)}`);
    return `{${items.join(',')}}`;
  }
  return typeof value === 'string' ? value : value === null ? 'none' : JSON.stringify(value);
}

const TEXTS = new Map([
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity]
]);

/** The number that a value is: texts such as `NaN` stand for what JSON lacks. */
export function asNumber(value: unknown): number | null {
  if (typeof value === 'string') {
    return TEXTS.get(value) ?? null;
  }
  return typeof value === 'number' ? value : null;
}
