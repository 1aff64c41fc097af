import { describe, expect, it } from 'vitest';

import {
  codeExcerpt,
  cellLines,
  parseTraceback
} from '../../../../src/views/run/failure/traceback';

const CELL = '/work/wandb/sweep-abc/bundle/cell.py';
const SOURCE = { cell: CELL, directory: '/work' };
const TRACEBACK = `
Traceback (most recent call last):
  File "${CELL}", line 40, in <module>
    train({})
    ~~~~~^^^^
  File "/work/models.py", line 7, in train
    return inner(values)
  File "/work/.venv/lib/python3.12/site-packages/torch/nn.py", line 3, in inner
    raise KeyError("missing")
KeyError: 'missing'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "${CELL}", line 39
    values["missing"]
ValueError: two
lines
`;

describe('a traceback', () => {
  const parts = parseTraceback(TRACEBACK, SOURCE);

  it('is split into frames with their lines, and the text between', () => {
    expect(parts.map(part => part.text.split('\n').length)).toEqual([1, 3, 2, 2, 5, 2, 2]);
    expect(parts.map(part => part.text).join('\n')).toBe(TRACEBACK.trim());
  });

  it('knows the lines of the cell', () => {
    expect(cellLines(parts)).toEqual([40, 39]);
  });

  it('distinguishes the user’s code from libraries', () => {
    expect(parts.map(part => part.isUserCode)).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      false
    ]);
  });

  it('may be any text', () => {
    expect(parseTraceback('', SOURCE)).toEqual([{ text: '', line: null, isUserCode: false }]);
    expect(parseTraceback('Killed\n\n  by hand', SOURCE)).toHaveLength(1);
  });
});

describe('an excerpt', () => {
  const code = ['a', 'b', 'c', 'd', 'e'].join('\n');

  it('has the lines around one, with their numbers', () => {
    expect(codeExcerpt(code, 3, 1).map(line => `${line.number}${line.text}`)).toEqual([
      '2b',
      '3c',
      '4d'
    ]);
  });

  it('ends where the code does', () => {
    expect(codeExcerpt(code, 1, 2).map(line => line.number)).toEqual([1, 2, 3]);
    expect(codeExcerpt(code, 5, 2).map(line => line.number)).toEqual([3, 4, 5]);
    expect(codeExcerpt(code, 50, 2)).toEqual([]);
  });
});
