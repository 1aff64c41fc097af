/** The limits of a sweep: what is left of them, how they are written, and when they may change. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { formatDuration, formatNumber } from '../format';
import type { Best, Limits, SweepSummary } from '../api/schemas';
import { canRequest } from './capabilities';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };
const DURATION = /^(?:\d+(?:\.\d+)?|(?:\d+(?:\.\d+)? ?[smhd] ?){1,9})$/;

/** Seconds from `2h`, `1 h 30 m` or `90` (seconds); null if it is nothing of the kind. */
export function parseDuration(text: string): number | null {
  const compact = text.trim().replace(/\s+/g, ' ').toLowerCase();
  if (!DURATION.test(compact)) {
    return null;
  }
  const parts = [...compact.matchAll(/(\d+(?:\.\d+)?) ?([smhd]?)/g)];
  const seconds = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit] ?? 1),
    0
  );
  return seconds > 0 ? seconds : null;
}

/** The shortest text that `parseDuration` reads as these seconds. */
export function durationText(seconds: number): string {
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, size] of [
    ['h', 3600],
    ['m', 60]
  ] as const) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0) {
      parts.push(`${amount} ${unit}`);
    }
  }
  if (rest > 0 || parts.length === 0) {
    parts.push(`${Number(rest.toFixed(3))} s`);
  }
  return parts.join(' ');
}

/** What a user has written in the dialog. */
export interface ILimitTexts {
  max_time: string;
  max_cost: string;
  price_per_hour: string;
  until_flat: boolean;
}

export function limitTexts(limits: Limits): ILimitTexts {
  const amount = (value: number | null) => (value === null ? '' : String(value));
  return {
    max_time: limits.max_time === null ? '' : durationText(limits.max_time),
    max_cost: amount(limits.max_cost),
    price_per_hour: amount(limits.price_per_hour),
    until_flat: limits.until_flat
  };
}

/**
 * The limits that a user has changed, for the request; null removes one. An empty object if none has
 * changed, and a sentence if a text cannot be read.
 */
export function limitChanges(
  limits: Limits,
  texts: ILimitTexts,
  trans: TranslationBundle
): Record<string, number | boolean | null> | string {
  const changes: Record<string, number | boolean | null> = {};
  const before = limitTexts(limits);
  for (const [name, read, problem] of [
    ['max_time', parseDuration, trans.__('Write the time limit as 2h, 1 h 30 m or 90 s.')],
    ['max_cost', parseAmount, trans.__('Write the cost limit as a number above 0.')],
    ['price_per_hour', parseAmount, trans.__('Write the price as a number above 0.')]
  ] as const) {
    const text = texts[name].trim();
    if (text === before[name]) {
      continue;
    }
    const value = text === '' ? null : read(text);
    if (value === null && text !== '') {
      return problem;
    }
    changes[name] = value;
  }
  if (texts.until_flat !== limits.until_flat) {
    changes.until_flat = texts.until_flat;
  }
  if (texts.max_cost.trim() !== '' && texts.price_per_hour.trim() === '') {
    return trans.__('A cost limit needs a price per hour.');
  }
  return changes;
}

function parseAmount(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : null;
}

/** Why the limits cannot be changed at present; empty if they can. */
export function limitsRefusal(sweep: SweepSummary, trans: TranslationBundle): string {
  if (sweep.imported) {
    return trans.__('The sweep was imported, and runs nothing here.');
  }
  if (sweep.state === 'stopping') {
    return trans.__('The sweep is being stopped: limits can be changed once it has stopped.');
  }
  return canRequest('set_limits', sweep)
    ? ''
    : trans.__('The limits cannot be changed in this state.');
}

/** `12 m 3 s left (9 m 40 s to 14 m 25 s)`; empty if it is not known. */
export function timeLeft(
  { remaining, remaining_range: range }: SweepSummary,
  trans: TranslationBundle
): string {
  if (remaining === null) {
    return '';
  }
  const left = trans.__('%1 left', formatDuration(remaining));
  const interval = timeLeftRange(range, trans);
  return interval === '' ? left : `${left} (${interval})`;
}

/** `9 m 40 s to 14 m 25 s`; empty if there is no interval. */
export function timeLeftRange(range: readonly number[] | null, trans: TranslationBundle): string {
  if (range === null || range[0] === range[1]) {
    return '';
  }
  return trans.__('%1 to %2', formatDuration(range[0]), formatDuration(range[1]));
}

/** An amount of money, in the unit of the price: `3.20`. */
export function formatCost(cost: number): string {
  return cost >= 0.01 || cost === 0 ? cost.toFixed(2) : formatNumber(cost, 2);
}

/** The best value; with repeats, the mean and the standard deviation: `0.913 ± 0.02`. */
export function bestValue({ value, spread }: Best, digits?: number): string {
  const text = formatNumber(value, digits);
  return spread === null ? text : `${text} ± ${formatNumber(spread, 2)}`;
}

/** Which runs the best value is of: `run 7`, or `run 7 and 2 repeats`. */
export function bestRuns({ number, runs }: Best, trans: TranslationBundle): string {
  const others = runs - 1;
  return others > 0
    ? trans._n('run %2 and %1 repeat', 'run %2 and %1 repeats', others, number)
    : trans.__('run %1', number);
}
