/** Splits a query into tokens, each with its place; as `wandb_magic.query.lexer` does. Pure. */

/** `text` was in quotes, `name` in backquotes, `symbol` is an operator or a bracket. */
export type TokenKind = 'word' | 'text' | 'name' | 'symbol' | 'end';

export interface IToken {
  kind: TokenKind;
  /** Its text, without quotes. */
  text: string;
  /** Where it begins and ends in the query, in UTF-16 units. */
  start: number;
  end: number;
}

const SPACE = ' \t\r\n\u00a0';
const QUOTES = '"\'`';
const OPERATORS = '&& || <= >= == != !~ < > = ~ ! & |'.split(' ');
const PUNCTUATION = '()[],';
const WORD_END = `${SPACE}${PUNCTUATION}<>=!~&|`;
/** What a word begins with that asks for a tag, or whether a run has a value. */
export const PREFIXES = ['tag:', 'has:'];

/** A query is invalid. */
export class QueryError extends Error {
  constructor(
    /** What is wrong, and what was expected. */
    readonly reason: string,
    query: string,
    /** Where, in UTF-16 units. */
    readonly place: number
  ) {
    super(`column ${Array.from(query.slice(0, place)).length + 1}: ${reason}`);
  }
}

/** The tokens of a query; the last one is its end. */
export function tokenize(query: string): IToken[] {
  const tokens: IToken[] = [];
  let place = 0;
  const add = (kind: TokenKind, text: string, end: number) => {
    tokens.push({ kind, text, start: place, end });
    place = end;
  };
  while (place < query.length) {
    const char = query[place];
    if (SPACE.includes(char)) {
      place += 1;
    } else if (QUOTES.includes(char)) {
      const [text, end] = quoted(query, place);
      add(char === '`' ? 'name' : 'text', text, end);
    } else if (PUNCTUATION.includes(char)) {
      add('symbol', char, place + 1);
    } else if (WORD_END.includes(char)) {
      const symbol = OPERATORS.find(each => query.startsWith(each, place)) ?? char;
      add('symbol', symbol, place + symbol.length);
    } else {
      const end = wordEnd(query, place);
      add('word', query.slice(place, end), end);
    }
  }
  add('end', '', query.length);
  return tokens;
}

/** Where a word ends; a quote ends it only after a prefix, as in `tag:"first try"`. */
function wordEnd(query: string, start: number): number {
  let end = start;
  while (end < query.length && !WORD_END.includes(query[end])) {
    end += 1;
    const isPrefix = end - start === 4 && PREFIXES.includes(query.slice(start, end));
    if (isPrefix && end < query.length && QUOTES.includes(query[end])) {
      break;
    }
  }
  return end;
}

/** The text between quotes, and the place after it; a doubled quote stands for one. */
function quoted(query: string, start: number): [string, number] {
  const quote = query[start];
  const parts: string[] = [];
  let place = start + 1;
  for (;;) {
    const end = query.indexOf(quote, place);
    if (end < 0) {
      throw new QueryError(`expected a closing ${quote}`, query, query.length);
    }
    parts.push(query.slice(place, end));
    if (query[end + 1] !== quote) {
      return [parts.join(quote), end + 1];
    }
    place = end + 2;
  }
}
