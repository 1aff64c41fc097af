import { describe, expect, it } from 'vitest';

import { plainText, parseAnsiLine } from '../../../../src/views/run/logs/ansi';
import { highlightMatches, matchRanges } from '../../../../src/views/run/logs/highlight';
import { costRatio } from '../../../cost';

const ESC = '\u001b';

/** The spans of a line: text and classes, or text and colors. */
function looks(line: string): string[] {
  return parseAnsiLine(line).map(({ text, style }) =>
    [text, style.classes, style.color, style.background].filter(Boolean).join('|')
  );
}

describe('colors', () => {
  it('use JupyterLab’s classes if they have a name', () => {
    expect(looks(`a${ESC}[31mred${ESC}[1;44mmore${ESC}[0mplain`)).toEqual([
      'a',
      'red|ansi-red-fg',
      'more|ansi-red-fg ansi-blue-bg ansi-bold',
      'plain'
    ]);
    expect(looks(`${ESC}[92mbright${ESC}[39m none${ESC}[103mback${ESC}[49m`)).toEqual([
      'bright|ansi-green-intense-fg',
      ' none',
      'back|ansi-yellow-intense-bg'
    ]);
  });

  it('may be any of 256, or of 16 million', () => {
    expect(looks(`${ESC}[38;5;9mnamed`)).toEqual(['named|ansi-red-intense-fg']);
    expect(looks(`${ESC}[38;5;208mcube`)).toEqual(['cube|rgb(255, 135, 0)']);
    expect(looks(`${ESC}[48;5;232mgrey`)).toEqual(['grey|rgb(8, 8, 8)']);
    expect(looks(`${ESC}[1;38;2;1;2;300mtrue`)).toEqual(['true|ansi-bold|rgb(1, 2, 255)']);
    expect(looks(`${ESC}[38:2::1:2:3mcolons`)).toEqual(['colons|rgb(1, 2, 3)']);
    expect(looks(`${ESC}[38;5;999mnone${ESC}[38mnothing`)).toEqual(['nonenothing']);
  });

  it('are swapped by inverse; styles are added and removed', () => {
    expect(looks(`${ESC}[7ma${ESC}[31mb${ESC}[27mc`)).toEqual([
      'a|ansi-default-inverse-fg ansi-default-inverse-bg',
      'b|ansi-default-inverse-fg ansi-red-bg',
      'c|ansi-red-fg'
    ]);
    expect(looks(`${ESC}[2;3;4;9ma${ESC}[22;23;24;29mb`)).toEqual([
      'a|ansi-underline jp-wm-mod-dim jp-wm-mod-italic jp-wm-mod-strike',
      'b'
    ]);
    expect(looks(`${ESC}[37;40;7ma`)).toEqual(['a|ansi-black-fg ansi-white-bg']);
  });

  it('are reset by a sequence without numbers, and in the order of the sequence', () => {
    expect(looks(`${ESC}[1;31ma${ESC}[mb`)).toEqual(['a|ansi-red-fg ansi-bold', 'b']);
    expect(looks(`${ESC}[1;0;32ma`)).toEqual(['a|ansi-green-fg']);
  });

  it('are set once, however often they are repeated', () => {
    expect(looks(`${ESC}[1m${ESC}[1ma${ESC}[22mb`)).toEqual(['a|ansi-bold', 'b']);
    expect(looks(`${ESC}[21ma`)).toEqual(['a|ansi-underline']);
  });
});

describe('a line', () => {
  it('shows its last state after it was overwritten', () => {
    expect(plainText('  0%|   |\r 50%|## |\r100%|###|')).toBe('100%|###|');
    expect(plainText('\r  1%\r100%\r')).toBe('100%');
    expect(plainText(`old text${ESC}[2K\rnew`)).toBe('new');
    expect(plainText(`old${ESC}[1Gnew`)).toBe('new');
    expect(plainText('windows\r')).toBe('windows');
    expect(plainText('abc\b\bx')).toBe('ax');
  });

  it('omits titles, cursor movements and bells', () => {
    expect(
      plainText(`${ESC}]0;title\u0007a${ESC}]8;;http://x${ESC}\\link${ESC}]8;;${ESC}\\`)
    ).toBe('alink');
    expect(plainText(`${ESC}[2A${ESC}[?25lup${ESC}[10;20H\u0007`)).toBe('up');
    expect(plainText(`${ESC}(Bcharset${ESC}`)).toBe('charset');
  });

  it('shows other control characters as inert symbols', () => {
    expect(plainText('a\u0000b\u007fc\td')).toBe('a\u2400b\u2421c\td');
  });

  it('is text, even if it looks like HTML', () => {
    const hostile = '<script>alert(1)</script>&amp;';
    expect(parseAnsiLine(hostile)).toEqual([{ text: hostile, style: { classes: '' } }]);
    expect(parseAnsiLine('')).toEqual([]);
  });

  it('is parsed in linear time', () => {
    const ofLength = (scale: number) =>
      `${ESC}[31m`.repeat(scale) + '\r1%'.repeat(scale) + `${ESC}]`.repeat(scale);
    const [short, long] = [ofLength(1000), ofLength(8000)];
    expect(plainText(long)).toBe('1%');
    // In quadratic time, it would take 64 times as long.
    const ratio = costRatio(
      () => plainText(long),
      () => plainText(short)
    );
    expect(ratio).toBeLessThan(24);
  });
});

describe('a search text', () => {
  it('is found ignoring case', () => {
    expect(matchRanges('Loss loss LOSS', 'loss')).toEqual([
      [0, 4],
      [5, 9],
      [10, 14]
    ]);
    expect(matchRanges('aaaa', 'aa')).toEqual([
      [0, 2],
      [2, 4]
    ]);
    expect(matchRanges('text', '')).toEqual([]);
    // Its lower case is longer, so the positions would be wrong.
    expect(matchRanges('İ loss', 'loss')).toEqual([[2, 6]]);
  });

  it('is highlighted across colors', () => {
    const cut = highlightMatches(parseAnsiLine(`a${ESC}[31mbc${ESC}[0md`), 'BCD');
    expect(cut.map(({ text, mark, style }) => [text, mark, style.classes])).toEqual([
      ['a', false, ''],
      ['bc', true, 'ansi-red-fg'],
      ['d', true, '']
    ]);
    expect(
      highlightMatches(parseAnsiLine('abc'), '').map(({ text, mark }) => [text, mark])
    ).toEqual([['abc', false]]);
  });
});
