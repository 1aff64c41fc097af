import { describe, expect, it } from 'vitest';

import {
  isFilterActive,
  INITIAL_STATE,
  deserialize,
  mergeSettings
} from '../../src/models/viewState';
import { NO_FILTER } from '../../src/models/columns';

describe('the saved state', () => {
  it('is restored unchanged, including open ends of ranges', () => {
    const kept = {
      viewState: {
        filter: {
          text: 'adam',
          states: ['failed' as const],
          ranges: { value: { low: -Infinity, high: 3 }, host: { values: ['a'] } }
        },
        selection: ['run00001']
      },
      viewSettings: { runs: { descending: true } }
    };
    expect(deserialize(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it.each([undefined, null, 3, 'x', [], {}, { viewState: 4, viewSettings: [] }])(
    'is empty if it cannot be read: %j',
    kept => {
      expect(deserialize(kept)).toEqual(INITIAL_STATE);
    }
  );

  it('ignores what another version wrote', () => {
    const { viewState } = deserialize({
      viewState: {
        filter: { text: 1, states: ['failed', 'flying'], ranges: { a: { from: 1 }, b: null } },
        selection: ['a', 2]
      }
    });
    expect(viewState).toEqual({ filter: { ...NO_FILTER, states: ['failed'] }, selection: ['a'] });
  });
});

describe('settings', () => {
  it('are the defaults if nothing of the same type was saved', () => {
    const defaults = { smoothing: 0.5, axis: 'step', keys: ['loss'] };
    expect(mergeSettings({ smoothing: 'much', axis: 'time', keys: {}, old: 1 }, defaults)).toEqual(
      {
        smoothing: 0.5,
        axis: 'time',
        keys: ['loss']
      }
    );
  });
});

describe('a filter', () => {
  it('is active once it has any condition', () => {
    expect(isFilterActive(NO_FILTER)).toBe(false);
    expect(isFilterActive({ ...NO_FILTER, text: '  ' })).toBe(false);
    expect(isFilterActive({ ...NO_FILTER, states: ['lost'] })).toBe(true);
    expect(isFilterActive({ ...NO_FILTER, ranges: { value: { low: 0, high: 1 } } })).toBe(true);
  });
});
