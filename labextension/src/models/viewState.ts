/** The user's selection and filter in a sweep, which survive a reload of the page. Pure. */

import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { type IFilter, NO_FILTER, type Range } from './columns';
import { STATE_ICONS } from '../stateStyles';
import type { RunState } from '../api/schemas';

/** Which runs all tabs show. */
export interface IViewState {
  filter: IFilter;
  /** Ids of the selected runs; empty means all runs that pass the filter. */
  selection: readonly string[];
}

/** The selection and filter, and the settings of each view, by the view's name. */
export interface IPersistedState {
  viewState: IViewState;
  viewSettings: Record<string, ReadonlyPartialJSONObject>;
}

export const INITIAL_STATE: IPersistedState = {
  viewState: { filter: NO_FILTER, selection: [] },
  viewSettings: {}
};

/** Read saved state as far as possible; it may be from another version, or damaged. */
export function deserialize(value: unknown): IPersistedState {
  const { viewState, viewSettings } = asObject(value);
  const { filter, selection } = asObject(viewState);
  return {
    viewState: { filter: asFilter(filter), selection: asStrings(selection) },
    viewSettings: Object.fromEntries(
      Object.entries(asObject(viewSettings)).map(([name, view]) => [
        name,
        asObject(view) as ReadonlyPartialJSONObject
      ])
    )
  };
}

/** Settings of a view: the saved value if it has the default's type, else the default. */
export function mergeSettings<T extends object>(saved: ReadonlyPartialJSONObject, defaults: T): T {
  const settings = { ...defaults };
  for (const key in defaults) {
    const value: unknown = saved[key];
    if (value !== undefined && typeName(value) === typeName(defaults[key])) {
      settings[key] = value as T[typeof key];
    }
  }
  return settings;
}

/** Whether a filter excludes any run. */
export function isFilterActive(filter: IFilter): boolean {
  return (
    filter.text.trim() !== '' || filter.states.length > 0 || Object.keys(filter.ranges).length > 0
  );
}

function asFilter(value: unknown): IFilter {
  const { text, states, ranges } = asObject(value);
  const validRanges: Record<string, Range> = {};
  for (const [column, range] of Object.entries(asObject(ranges))) {
    const { low, high, values } = asObject(range);
    if (Array.isArray(values)) {
      validRanges[column] = { values: asStrings(values) };
    } else if (typeof low === 'number' || typeof high === 'number') {
      // JSON has no infinities: an open end is saved as null.
      validRanges[column] = {
        low: typeof low === 'number' ? low : -Infinity,
        high: typeof high === 'number' ? high : Infinity
      };
    }
  }
  return {
    text: typeof text === 'string' ? text : '',
    states: asStrings(states).filter(state => state in STATE_ICONS) as RunState[],
    ranges: validRanges
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeName(value) === 'object' ? (value as Record<string, unknown>) : {};
}

function asStrings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

function typeName(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}
