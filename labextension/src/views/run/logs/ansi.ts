/**
 * One line that a run printed, as a terminal shows it in the end: with colors, and of what was
 * written over only what stayed. Whatever else a terminal would do is left out; a color ends with
 * its line. Pure.
 */

import { applySgr, isSame, INITIAL_SGR, styleOf, type ITextStyle } from './sgr';

export interface ISpan {
  text: string;
  style: ITextStyle;
}

const ESCAPE = '\u001b';
const BELL = '\u0007';

/** A span while its line is read, in pieces: a line of backspaces takes no time that grows faster. */
interface ISpanBuilder {
  pieces: string[];
  style: ITextStyle;
}

/** Sequences that say something (SGR, erasing, going to a column), those that do not, and controls. */
const CONTROLS = new RegExp(
  [
    `${ESCAPE}\\[([0-?]*)[ -/]*([@-~])`,
    `${ESCAPE}[\\]PX^_][^${BELL}${ESCAPE}]*(?:${BELL}|${ESCAPE}\\\\)?`,
    `${ESCAPE}[ -/]*[0-~]?`,
    '[\u0000-\u0008\u000b-\u001f\u007f-\u009f]'
  ].join('|'),
  'g'
);

export function parseAnsiLine(line: string): ISpan[] {
  let spans: ISpanBuilder[] = [];
  let state = INITIAL_SGR;
  // A carriage return writes over the line only if something follows.
  let overwrite = false;
  const write = (text: string) => {
    if (text === '') {
      return;
    }
    if (overwrite) {
      spans = [];
      overwrite = false;
    }
    const style = styleOf(state);
    const last = spans.at(-1);
    if (last !== undefined && isSame(last.style, style)) {
      last.pieces.push(text);
    } else {
      spans.push({ pieces: [text], style });
    }
  };
  let position = 0;
  for (const match of line.matchAll(CONTROLS)) {
    write(line.slice(position, match.index));
    position = match.index + match[0].length;
    const [sequence, values, kind] = match;
    if (kind === 'm') {
      state = applySgr(state, values);
    } else if (kind === 'K') {
      spans = overwrite || values === '2' ? [] : spans;
    } else if (sequence === '\r' || (kind === 'G' && (values === '' || values === '1'))) {
      overwrite = true;
    } else if (sequence === '\b') {
      removeLastCharacter(spans);
    } else if (sequence.length === 1 && sequence !== ESCAPE && sequence !== BELL) {
      write(controlPicture(sequence));
    }
  }
  write(line.slice(position));
  return spans.map(({ pieces, style }) => ({ text: pieces.join(''), style }));
}

/** The text of a line, without colors. */
export function plainText(line: string): string {
  return parseAnsiLine(line)
    .map(span => span.text)
    .join('');
}

/** A control character as the sign that stands for it, so that it can be seen and does nothing. */
function controlPicture(control: string): string {
  const code = control.charCodeAt(0);
  return code < 32 ? String.fromCharCode(0x2400 + code) : code === 127 ? '\u2421' : '\ufffd';
}

/** Takes the last character away; a pair of surrogates is one. */
function removeLastCharacter(spans: ISpanBuilder[]): void {
  const pieces = spans.at(-1)?.pieces;
  if (pieces === undefined) {
    return;
  }
  const text = pieces.pop() ?? '';
  const rest = text.slice(0, text.length - (Array.from(text.slice(-2)).length === 1 ? 2 : 1));
  if (rest !== '') {
    pieces.push(rest);
  } else if (pieces.length === 0) {
    spans.pop();
  }
}
