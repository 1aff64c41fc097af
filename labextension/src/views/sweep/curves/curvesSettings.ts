/** What the view of curves remembers of itself. Pure. */

import type { XAxisSetting } from './curveData';

export interface ICurvesSettings {
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

export const DEFAULT_SETTINGS: ICurvesSettings = {
  across: 'step' satisfies XAxisSetting,
  logX: false,
  logY: [],
  smoothing: 0,
  band: 'quartiles',
  keys: [],
  large: '',
  legend: true
};

/** The keys that can be drawn: the objective first, W&B's own ones not at all. */
export function drawableKeys(keys: readonly string[], metric: string | null): string[] {
  const userKeys = keys.filter(key => !key.startsWith('_'));
  return metric !== null && userKeys.includes(metric)
    ? [metric, ...userKeys.filter(key => key !== metric)]
    : userKeys;
}

/** Those of the keys that are shown, in the same order. */
export function selectKeys(keys: readonly string[], chosen: readonly string[]): readonly string[] {
  const selected = keys.filter(key => chosen.includes(key));
  return selected.length > 0 ? selected : keys;
}

/** A list with an element put in or taken out. */
export function toggle<T>(list: readonly T[], element: T): T[] {
  return list.includes(element) ? list.filter(item => item !== element) : [...list, element];
}
