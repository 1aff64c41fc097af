import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import type { Limits } from '../../src/api/schemas';
import {
  bestRuns,
  bestValue,
  durationText,
  formatCost,
  limitChanges,
  limitsRefusal,
  limitTexts,
  parseDuration,
  timeLeft
} from '../../src/models/limits';
import { aSweep } from '../sweeps';

const trans = nullTranslator.load('wandb_magic');
const NONE: Limits = aSweep('a').limits;

describe('a duration', () => {
  it.each([
    ['2h', 7200],
    ['1 h 30 m', 5400],
    ['1h30m5s', 5405],
    ['90', 90],
    [' 0.5 d ', 43200],
    ['2 H', 7200]
  ])('%j is %d s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
    expect(parseDuration(durationText(seconds))).toBe(seconds);
  });

  it.each(['', '0', '-1', 'h', '2 x', '1 h 30', '1e3', 'two hours'])('%j is none', text => {
    expect(parseDuration(text)).toBeNull();
  });
});

describe('the changes of limits', () => {
  const limits: Limits = { ...NONE, max_time: 7200.5, max_cost: 20, price_per_hour: 1.5 };

  it('are none if nothing was written', () => {
    expect(limitChanges(NONE, limitTexts(NONE), trans)).toEqual({});
    expect(limitChanges(limits, limitTexts(limits), trans)).toEqual({});
  });

  it('have what was written, and null for what was removed', () => {
    const texts = { max_time: '3h', max_cost: '', price_per_hour: '1.5', until_flat: true };
    expect(limitChanges(limits, texts, trans)).toEqual({
      max_time: 10800,
      max_cost: null,
      until_flat: true
    });
  });

  it.each([
    [{ max_time: 'soon' }, 'time limit'],
    [{ max_cost: '-1', price_per_hour: '1' }, 'cost limit'],
    [{ price_per_hour: '1,5' }, 'price'],
    [{ max_cost: '5' }, 'needs a price per hour']
  ])('are a sentence if they make no sense: %j', (changed, part) => {
    expect(limitChanges(NONE, { ...limitTexts(NONE), ...changed }, trans)).toContain(part);
  });
});

it('limits cannot be changed where the supervisor would refuse', () => {
  const refusal = (changes: object) => limitsRefusal(aSweep('a', changes), trans);
  for (const state of ['pending', 'running', 'paused', 'finished', 'stopped', 'died'] as const) {
    expect(refusal({ state })).toBe('');
  }
  expect(refusal({ state: 'stopping' })).toContain('being stopped');
  expect(refusal({ state: 'finished', imported: true })).toContain('imported');
});

it('what is left has an interval, unless it is certain or unknown', () => {
  const left = (remaining: number | null, range: number[] | null) =>
    timeLeft(aSweep('a', { remaining, remaining_range: range }), trans);
  expect(left(723, [580, 865])).toBe('12 m 3 s left (9 m 40 s to 14 m 25 s)');
  expect(left(60, [60, 60])).toBe('1 m 0 s left');
  expect(left(60, null)).toBe('1 m 0 s left');
  expect(left(null, null)).toBe('');
});

it('the best of repeats is a mean with its spread', () => {
  const best = { id: 'r', number: 7, value: 0.91341, params: {}, runs: 3, spread: 0.0214 };
  expect(bestValue(best)).toBe('0.9134 ± 0.021');
  expect(bestRuns(best, trans)).toBe('run 7 and 2 repeats');
  const alone = { ...best, runs: 1, spread: null };
  expect(bestValue(alone)).toBe('0.9134');
  expect(bestRuns(alone, trans)).toBe('run 7');
});

it('money has two decimals, and what is less is not 0', () => {
  expect([0, 0.004321, 3.2, 1234.567].map(formatCost)).toEqual([
    '0.00',
    '0.0043',
    '3.20',
    '1234.57'
  ]);
});
