import { describe, expect, it } from 'vitest';

import { formatParam, parseParam } from '../../src/models/paramTexts';

describe('a parameter as a text', () => {
  it.each([
    [0.001, '0.001'],
    [1e-7, '1e-7'],
    ['adam', 'adam'],
    ['two words', 'two words'],
    ['NaN', 'NaN'],
    ['1', '"1"'],
    ['1.', '"1."'],
    ['true', '"true"'],
    ['None', '"None"'],
    ['', '""'],
    [' a', '" a"'],
    ['"a"', '"\\"a\\""'],
    ['[a', '"[a"'],
    ['a\nb', '"a\\nb"'],
    ['12345678901234567890', '"12345678901234567890"'],
    [true, 'true'],
    [null, 'null'],
    [[0.9, 'a'], '[0.9,"a"]'],
    [{}, '{}']
  ])('%j is %j, and is read as the same again', (value, text) => {
    expect(formatParam(value)).toBe(text);
    expect(parseParam(text)).toEqual(value);
  });

  it.each([
    ['.5', 0.5],
    ['+1', 1],
    [' 1E-3 ', 0.001],
    ['-1.', -1],
    ['True', true],
    ['None', null],
    ['toString', 'toString'],
    ['[1, 2', undefined],
    ['12345678901234567890', undefined]
  ])('%j is read as %j', (text, value) => {
    expect(parseParam(text)).toEqual(value);
  });
});
