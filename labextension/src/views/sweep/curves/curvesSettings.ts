/** The saved settings of the curves tab. Pure. */

import type { XAxisSetting } from './curveData';

export interface ICurvesSettings {
  across: string;
  logX: boolean;
  /** Keys with a logarithmic y axis. */
  logY: readonly string[];
  /** From 0 (none) to below 1. */
  smoothing: number;
  band: string;
  /** The shown keys; empty means all. */
  keys: readonly string[];
  /** The only key, which fills the view; empty for small charts side by side. */
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

/** The keys that can be drawn: the objective first, and W&B's own keys left out. */
export function drawableKeys(keys: readonly string[], metric: string | null): string[] {
  const userKeys = keys.filter(key => !key.startsWith('_'));
  return metric !== null && userKeys.includes(metric)
    ? [metric, ...userKeys.filter(key => key !== metric)]
    : userKeys;
}

/** The keys that are shown, in the same order. */
export function selectKeys(keys: readonly string[], chosen: readonly string[]): readonly string[] {
  const selected = keys.filter(key => chosen.includes(key));
  return selected.length > 0 ? selected : keys;
}

/** A list with an element added, or removed if it is present. */
export function toggle<T>(list: readonly T[], element: T): T[] {
  return list.includes(element) ? list.filter(item => item !== element) : [...list, element];
}
