/** What people have chosen in a sweep, as it survives a reload of the page. Pure. */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { type IFilter, NO_FILTER, type Range } from './columns';
import { MARKS } from './states';
import type { RunState } from './wire';

/** Which runs all tabs are about. */
export interface IChoice {
  filter: IFilter;
  /** Ids of the selected runs; none means all that the filter lets through. */
  selection: readonly string[];
}

/** The choice, and what each view remembers of itself, by the view's name. */
export interface IKept {
  choice: IChoice;
  views: Record<string, ReadonlyPartialJSONObject>;
}

export const NOTHING_KEPT: IKept = { choice: { filter: NO_FILTER, selection: [] }, views: {} };

/** What was kept, as far as it can be read; it may come from another version, or be damaged. */
export function restoredFrom(kept: unknown): IKept {
  const { choice, views } = asObject(kept);
  const { filter, selection } = asObject(choice);
  return {
    choice: { filter: asFilter(filter), selection: asTexts(selection) },
    views: Object.fromEntries(
      Object.entries(asObject(views)).map(([name, view]) => [
        name,
        asObject(view) as ReadonlyPartialJSONObject
      ])
    )
  };
}

/** Settings of a view: what was kept where it is of the default's kind, else the default. */
export function settingsFrom<T extends object>(kept: ReadonlyPartialJSONObject, defaults: T): T {
  const settings = { ...defaults };
  for (const key in defaults) {
    const value: unknown = kept[key];
    if (value !== undefined && kindOf(value) === kindOf(defaults[key])) {
      settings[key] = value as T[typeof key];
    }
  }
  return settings;
}

/** Whether a filter holds anything back. */
export function isFiltering(filter: IFilter): boolean {
  return (
    filter.text.trim() !== '' || filter.states.length > 0 || Object.keys(filter.ranges).length > 0
  );
}

function asFilter(value: unknown): IFilter {
  const { text, states, ranges } = asObject(value);
  const kept: Record<string, Range> = {};
  for (const [column, range] of Object.entries(asObject(ranges))) {
    const { low, high, values } = asObject(range);
    if (Array.isArray(values)) {
      kept[column] = { values: asTexts(values) };
    } else if (typeof low === 'number' || typeof high === 'number') {
      // JSON has no infinities: an open end comes back as null.
      kept[column] = {
        low: typeof low === 'number' ? low : -Infinity,
        high: typeof high === 'number' ? high : Infinity
      };
    }
  }
  return {
    text: typeof text === 'string' ? text : '',
    states: asTexts(states).filter(state => state in MARKS) as RunState[],
    ranges: kept
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return kindOf(value) === 'object' ? (value as Record<string, unknown>) : {};
}

function asTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
