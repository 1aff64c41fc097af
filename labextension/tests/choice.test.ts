import { describe, expect, it } from 'vitest';

import { isFiltering, NOTHING_KEPT, restoredFrom, settingsFrom } from '../src/choice';
import { NO_FILTER } from '../src/columns';

describe('what was kept', () => {
  it('comes back as it was, open ends of ranges included', () => {
    const kept = {
      choice: {
        filter: {
          text: 'adam',
          states: ['failed' as const],
          ranges: { value: { low: -Infinity, high: 3 }, host: { values: ['a'] } }
        },
        selection: ['run00001']
      },
      views: { runs: { descending: true } }
    };
    expect(restoredFrom(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it.each([undefined, null, 3, 'x', [], {}, { choice: 4, views: [] }])(
    'is nothing where it cannot be read: %j',
    kept => {
      expect(restoredFrom(kept)).toEqual(NOTHING_KEPT);
    }
  );

  it('leaves out what another version wrote', () => {
    const { choice } = restoredFrom({
      choice: {
        filter: { text: 1, states: ['failed', 'flying'], ranges: { a: { from: 1 }, b: null } },
        selection: ['a', 2]
      }
    });
    expect(choice).toEqual({ filter: { ...NO_FILTER, states: ['failed'] }, selection: ['a'] });
  });
});

describe('settings', () => {
  it('are the defaults where nothing of their kind was kept', () => {
    const defaults = { smoothing: 0.5, axis: 'step', keys: ['loss'] };
    expect(settingsFrom({ smoothing: 'much', axis: 'time', keys: {}, old: 1 }, defaults)).toEqual({
      smoothing: 0.5,
      axis: 'time',
      keys: ['loss']
    });
  });
});

describe('a filter', () => {
  it('holds something back once anything is in it', () => {
    expect(isFiltering(NO_FILTER)).toBe(false);
    expect(isFiltering({ ...NO_FILTER, text: '  ' })).toBe(false);
    expect(isFiltering({ ...NO_FILTER, states: ['lost'] })).toBe(true);
    expect(isFiltering({ ...NO_FILTER, ranges: { value: { low: 0, high: 1 } } })).toBe(true);
  });
});
