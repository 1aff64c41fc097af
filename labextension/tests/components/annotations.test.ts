import { describe, expect, it } from 'vitest';

import { changedLabels, parseTags } from '../../src/components/AnnotationEditor';

describe('what a user has written about a run', () => {
  const before = { name: 'brisk-wave-1', tags: ['a', 'b'], notes: '' };

  it('has tags between commas, each once', () => {
    expect(parseTags(' best , paper,, best ')).toEqual(['best', 'paper']);
    expect(parseTags(' ')).toEqual([]);
  });

  it('is sent only where it has changed, so that the rest stays what the run logs', () => {
    expect(changedLabels(before, { ...before, name: ' brisk-wave-1 ' })).toEqual({});
    expect(changedLabels(before, { ...before, tags: ['a'] })).toEqual({ tags: ['a'] });
    expect(changedLabels(before, { name: '', tags: ['a', 'b'], notes: 'n' })).toEqual({
      name: '',
      notes: 'n'
    });
  });
});
