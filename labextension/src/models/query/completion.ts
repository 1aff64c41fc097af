/** What may come next in a query, at the cursor. Pure. */

import type { RunRow } from '../../api/schemas';
import { OPERATORS } from './grammar';
import { type IToken, QueryError, tokenize } from './lexer';
import { ABSENT, FIELD_NAMES, fieldName, RUN_STATES, valueReader } from './runFields';

/** Texts that may replace a part of the query. */
export interface ICompletion {
  start: number;
  end: number;
  options: readonly string[];
}

const MAX_OPTIONS = 50;
const SIGNS = ['<', '<=', '>', '>=', '==', '!=', '~', '!~', 'in ['];
const BARE = /^[^\s()[\],"'`<>=!~&|]+$/;
const KEYWORD = /^(?:and|or|not|in|true|false|none|null|tag:.*|has:.*)$/i;

/** The completions of a query at the cursor; `names` are those of parameters and metrics. */
export function completionOf(
  query: string,
  cursor: number,
  names: readonly string[],
  rows: readonly RunRow[]
): ICompletion {
  const before = tokensBefore(query.slice(0, cursor));
  if (before === null) {
    return { start: cursor, end: cursor, options: [] };
  }
  const last = before.at(-1);
  const isTyping = last?.kind === 'word' && last.end === cursor;
  const word = isTyping ? last.text : '';
  const previous = isTyping ? before.slice(0, -1) : before;
  const all = optionsAfter(previous, word, names, rows);
  const lower = word.toLowerCase();
  const place = (option: string) => option.replace(/["`]/g, '').toLowerCase().indexOf(lower);
  const starting = all.filter(option => place(option) === 0);
  const containing = all.filter(option => place(option) > 0);
  const options = [...starting, ...containing].filter(option => option !== word);
  return { start: cursor - word.length, end: cursor, options: options.slice(0, MAX_OPTIONS) };
}

/** The tokens before the cursor without their end; null within quotes. */
function tokensBefore(text: string): IToken[] | null {
  try {
    return tokenize(text).slice(0, -1);
  } catch (error) {
    if (error instanceof QueryError) {
      return null;
    }
    throw error;
  }
}

function optionsAfter(
  previous: readonly IToken[],
  word: string,
  names: readonly string[],
  rows: readonly RunRow[]
): string[] {
  const quoted = names.map(quoteName);
  if (word.startsWith('tag:')) {
    return valuesOf('tags', rows).map(tag => `tag:${tag}`);
  }
  if (word.startsWith('has:')) {
    return [...quoted, ...FIELD_NAMES].map(name => `has:${name}`);
  }
  const last = previous.at(-1);
  const compared = comparedName(previous);
  if (compared !== null) {
    return compared.isDone ? [',', ']'] : valuesOf(compared.name, rows);
  }
  if (last === undefined || isOpening(last)) {
    return [...quoted, ...FIELD_NAMES, 'tag:', 'has:', 'not'];
  }
  const before = previous.at(-2);
  const isName = last.kind === 'name' || (last.kind === 'word' && isKnown(last.text, names));
  if (isName && (before === undefined || isOpening(before))) {
    return SIGNS;
  }
  return ['and', 'or'];
}

/** The name whose values come next: after an operator, or in the list after `in`. */
function comparedName(previous: readonly IToken[]): { name: string; isDone: boolean } | null {
  const last = previous.at(-1);
  if (last?.kind === 'symbol' && OPERATORS.includes(last.text)) {
    return { name: previous.at(-2)?.text ?? '', isDone: false };
  }
  const isBracket = isSymbol(['[', ']']);
  let opening = previous.length - 1;
  while (opening >= 0 && !isBracket(previous[opening])) {
    opening -= 1;
  }
  if (opening < 2 || previous[opening].text === ']') {
    return null;
  }
  const before = previous.slice(0, opening);
  const hasNot = before.at(-2)?.text.toLowerCase() === 'not';
  if (before.at(-1)?.text.toLowerCase() !== 'in') {
    return null;
  }
  const name = before.at(hasNot ? -3 : -2)?.text ?? '';
  return { name, isDone: last !== undefined && !isSymbol(['[', ','])(last) };
}

function isOpening(token: IToken): boolean {
  return token.kind === 'symbol'
    ? ['(', '!', '&', '&&', '|', '||'].includes(token.text)
    : token.kind === 'word' && ['and', 'or', 'not'].includes(token.text.toLowerCase());
}

function isSymbol(texts: readonly string[]): (token: IToken) => boolean {
  return token => token.kind === 'symbol' && texts.includes(token.text);
}

/** Whether a name is that of a field, a parameter or a metric. */
export function isKnown(name: string, names: readonly string[]): boolean {
  const bare = name.replace(/^(?:config|params|summary)\./, '');
  return fieldName(name) !== null || names.includes(name) || names.includes(bare);
}

/** The different texts of a name, in alphabetical order. */
function valuesOf(name: string, rows: readonly RunRow[]): string[] {
  if (fieldName(name) === 'state') {
    return [...RUN_STATES];
  }
  const read = valueReader(name);
  const texts = new Set<string>();
  for (const row of rows) {
    const value = read(row);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (typeof part === 'string') {
        texts.add(quoteText(part));
      } else if (typeof part === 'boolean') {
        texts.add(String(part));
      } else if (part === null && value !== ABSENT) {
        texts.add('none');
      }
    }
    if (texts.size >= MAX_OPTIONS) {
      break;
    }
  }
  return [...texts].sort();
}

/** A name as a query has it. */
export function quoteName(name: string): string {
  return BARE.test(name) && !KEYWORD.test(name) ? name : `\`${name.replaceAll('`', '``')}\``;
}

/** A text as a query has it. */
export function quoteText(text: string): string {
  return BARE.test(text) && !KEYWORD.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
