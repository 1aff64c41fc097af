/** What the view of curves remembers of itself. Pure. */

import type { Across } from './data';

export interface ISettings {
  across: string;
  logX: boolean;
  /** Keys whose values are on a logarithmic axis. */
  logY: readonly string[];
  /** From 0, none, to below 1. */
  smoothing: number;
  band: string;
  /** The keys that are shown; none means all. */
  keys: readonly string[];
  /** The one key that fills the view; empty for small ones side by side. */
  large: string;
  legend: boolean;
}

export const FIRST_SETTINGS: ISettings = {
  across: 'step' satisfies Across,
  logX: false,
  logY: [],
  smoothing: 0,
  band: 'quartiles',
  keys: [],
  large: '',
  legend: true
};

/** The keys that can be drawn: the objective first, W&B's own ones not at all. */
export function drawable(keys: readonly string[], metric: string | null): string[] {
  const own = keys.filter(key => !key.startsWith('_'));
  return metric !== null && own.includes(metric)
    ? [metric, ...own.filter(key => key !== metric)]
    : own;
}

/** Those of the keys that are shown, in the same order. */
export function chosenKeys(keys: readonly string[], chosen: readonly string[]): readonly string[] {
  const some = keys.filter(key => chosen.includes(key));
  return some.length > 0 ? some : keys;
}

/** A list with an element put in or taken out. */
export function toggled<T>(list: readonly T[], element: T): T[] {
  return list.includes(element) ? list.filter(each => each !== element) : [...list, element];
}
