/**
 * Parses a query into a tree of conditions; the grammar is in `wandb_magic.query.grammar`. Pure.
 *
 * Nothing is evaluated.
 */

import { type IToken, PREFIXES, QueryError, tokenize } from './lexer';
import { fieldName, NUMBER_FIELDS, RUN_STATES } from './runFields';

const MAX_DEPTH = 100;
const MAX_LENGTH = 10_000;

const ORDER = ['<', '<=', '>', '>='];
export const OPERATORS = [...ORDER, '==', '=', '!=', '~', '!~'];
const AND = ['and', '&&', '&'];
const OR = ['or', '||', '|'];
const NOT = ['not', '!'];
const IN = ['in'];
const KEYWORDS = [...AND, ...OR, ...NOT];
const NUMBER = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const SPECIAL = new Map([
  ['nan', NaN],
  ['inf', Infinity],
  ['infinity', Infinity]
]);
const CONSTANTS = new Map([
  ['true', true],
  ['false', false],
  ['none', null],
  ['null', null]
]);
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?[smhd]){1,9}$/;
const UNITS = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86400]
]);

/** A value as it was written: a text, and what else it may stand for. */
export interface ILiteral {
  text: string;
  number: number | null;
  /** `true`, `false` or `null`; undefined if it stands for none of these. */
  constant: boolean | null | undefined;
}

export type Value = ILiteral | readonly Value[];

export type Node =
  | { kind: 'both' | 'either'; parts: Node[] }
  | { kind: 'not'; part: Node }
  | { kind: 'words'; words: string[] }
  | { kind: 'has'; name: string }
  | { kind: 'compare'; name: string; operator: string; value: Value }
  | { kind: 'in'; name: string; values: readonly Value[]; isNegated: boolean };

/** The tree of a query; throws a `QueryError` if it is invalid. */
export function parse(query: string): Node {
  const { length } = Array.from(query);
  if (length > MAX_LENGTH) {
    const place = Array.from(query).slice(0, MAX_LENGTH).join('').length;
    throw new QueryError(
      `a query has at most ${MAX_LENGTH} characters, this one ${length}`,
      query,
      place
    );
  }
  return new Parser(query, tokenize(query)).query();
}

/** A recursive descent over tokens. */
class Parser {
  constructor(
    private readonly _query: string,
    private readonly _tokens: readonly IToken[]
  ) {}

  query(): Node {
    if (this._tokens.length === 1) {
      return { kind: 'both', parts: [] };
    }
    const node = this._either();
    if (this._token.kind !== 'end') {
      this._fail("expected 'and', 'or' or the end");
    }
    return node;
  }

  private _either(): Node {
    const parts = [this._both()];
    while (this._accept(OR)) {
      parts.push(this._both());
    }
    return parts.length === 1 ? parts[0] : { kind: 'either', parts };
  }

  private _both(): Node {
    const parts = [this._negation()];
    while (this._accept(AND)) {
      parts.push(this._negation());
    }
    return parts.length === 1 ? parts[0] : { kind: 'both', parts };
  }

  private _negation(): Node {
    let isNegated = false;
    while (this._accept(NOT)) {
      isNegated = !isNegated;
    }
    const part = this._condition();
    return isNegated ? { kind: 'not', part } : part;
  }

  private _condition(): Node {
    const token = this._token;
    if (this._accept(['('])) {
      this._enter(token);
      const node = this._either();
      if (!this._accept([')'])) {
        this._fail(`expected ')' for the '(' in column ${this._column(token)}`);
      }
      this._depth -= 1;
      return node;
    }
    if (token.kind === 'symbol' || token.kind === 'end' || isKeyword(token)) {
      this._fail('expected a condition');
    }
    this._next += 1;
    if (token.kind === 'word' && PREFIXES.includes(token.text.slice(0, 4))) {
      return this._prefixed(token);
    }
    if (isOperator(this._token)) {
      return this._comparison(token);
    }
    const membership = this._membership(token);
    if (membership !== null) {
      return membership;
    }
    if (token.kind === 'name') {
      this._fail(`expected an operator after \`${token.text}\``);
    }
    return this._words(token);
  }

  private _prefixed(token: IToken): Node {
    const prefix = token.text.slice(0, 4);
    let text = token.text.slice(4);
    if (text === '') {
      if (this._token.kind !== 'text' && this._token.kind !== 'name') {
        this._fail(`expected a ${prefix === 'tag:' ? 'tag' : 'name'} after '${prefix}'`);
      }
      text = this._token.text;
      this._next += 1;
    }
    return prefix === 'has:'
      ? { kind: 'has', name: text }
      : { kind: 'compare', name: 'tags', operator: '==', value: plainText(text) };
  }

  private _comparison(name: IToken): Node {
    const operator = this._token.text;
    this._next += 1;
    const value = this._value(fieldName(name.text), operator, `after '${operator}'`);
    const equal = operator === '=' ? '==' : operator;
    return { kind: 'compare', name: name.text, operator: equal, value };
  }

  /** `in […]` or `not in […]` if it stands here; without a list, these are words. */
  private _membership(name: IToken): Node | null {
    const isNegated = this._token.kind === 'word' && isKeyword(this._token, NOT);
    const place = this._next + (isNegated ? 1 : 0);
    if (place + 1 >= this._tokens.length || !isKeyword(this._tokens[place], IN)) {
      return null;
    }
    const opening = this._tokens[place + 1];
    if (opening.kind !== 'symbol' || !['[', '('].includes(opening.text)) {
      if (!isNegated) {
        return null;
      }
      this._next += 2;
      this._fail("expected '[' after 'not in'");
    }
    this._next = place + 2;
    const values = this._list(fieldName(name.text), opening);
    return { kind: 'in', name: name.text, values, isNegated };
  }

  private _words(first: IToken): Node {
    const words = [first.text];
    while (this._token.kind === 'word' || this._token.kind === 'text') {
      const { text } = this._token;
      if (
        isOperator(this._tokens[this._next + 1]) ||
        isKeyword(this._token) ||
        PREFIXES.includes(text.slice(0, 4))
      ) {
        break;
      }
      words.push(text);
      this._next += 1;
    }
    return { kind: 'words', words };
  }

  /** The rest of a list, whose opening bracket was read. */
  private _list(field: string | null, opening: IToken): Value[] {
    this._enter(opening);
    const closing = opening.text === '[' ? ']' : ')';
    const values: Value[] = [];
    while (!this._accept([closing])) {
      if (values.length > 0 && !this._accept([','])) {
        this._fail(`expected ',' or '${closing}'`);
      }
      values.push(this._value(field, '==', `or '${closing}'`));
    }
    this._depth -= 1;
    return values;
  }

  private _value(field: string | null, operator: string, where: string): Value {
    const token = this._token;
    const isOrder = ORDER.includes(operator);
    const expected = isOrder ? 'a number' : 'a value';
    if (['==', '=', '!='].includes(operator) && this._accept(['['])) {
      return this._list(null, token);
    }
    if ((token.kind !== 'word' && token.kind !== 'text') || isKeyword(token)) {
      this._fail(`expected ${expected} ${where}`);
    }
    let literal = token.kind === 'text' ? plainText(token.text) : literalOf(token.text);
    if (field === 'duration' && DURATION.test(token.text)) {
      literal = { ...plainText(token.text), number: seconds(token.text) };
    }
    if (literal.number === null && isOrder) {
      this._fail(`expected ${expected} ${where}`);
    }
    if (operator !== '~' && operator !== '!~') {
      this._checkField(field, literal);
    }
    if (field === 'state') {
      literal = plainText(token.text.toLowerCase());
    }
    this._next += 1;
    return literal;
  }

  /** Refuse what a field of every run can never be: a slip must not look like no result. */
  private _checkField(field: string | null, literal: ILiteral): void {
    if (field === 'state' && !RUN_STATES.includes(literal.text.toLowerCase())) {
      this._fail(`expected a state (${RUN_STATES.join(', ')})`);
    }
    if (field !== null && NUMBER_FIELDS.includes(field) && literal.number === null) {
      this._fail(`expected a number, which ${field} is`);
    }
  }

  private _enter(opening: IToken): void {
    this._depth += 1;
    if (this._depth > MAX_DEPTH) {
      throw new QueryError(
        `brackets are more than ${MAX_DEPTH} deep: simplify the query`,
        this._query,
        opening.start
      );
    }
  }

  private get _token(): IToken {
    return this._tokens[this._next];
  }

  /** Go on if the next token is one of these symbols or keywords. */
  private _accept(texts: readonly string[]): boolean {
    const token = this._token;
    const isAccepted =
      token.kind === 'symbol' ? texts.includes(token.text) : isKeyword(token, texts);
    this._next += isAccepted ? 1 : 0;
    return isAccepted;
  }

  private _column(token: IToken): number {
    return Array.from(this._query.slice(0, token.start)).length + 1;
  }

  private _fail(expected: string): never {
    const token = this._token;
    const actual = token.kind === 'end' ? 'the end' : `'${token.text}'`;
    throw new QueryError(`${expected}, not ${actual}`, this._query, token.start);
  }

  private _next = 0;
  private _depth = 0;
}

function isOperator(token: IToken): boolean {
  return token.kind === 'symbol' && OPERATORS.includes(token.text);
}

function isKeyword(token: IToken, keywords: readonly string[] = KEYWORDS): boolean {
  return token.kind === 'word' && keywords.includes(token.text.toLowerCase());
}

function plainText(text: string): ILiteral {
  return { text, number: null, constant: undefined };
}

function literalOf(word: string): ILiteral {
  const lower = word.toLowerCase();
  if (NUMBER.test(word)) {
    return { text: word, number: Number(word), constant: undefined };
  }
  const [sign, name] = '+-'.includes(word[0]) ? [word[0], lower.slice(1)] : ['', lower];
  const special = SPECIAL.get(name);
  if (special !== undefined) {
    return { text: word, number: sign === '-' ? -special : special, constant: undefined };
  }
  return { text: word, number: null, constant: CONSTANTS.get(lower) };
}

/** A duration such as `1h30m` in seconds. */
function seconds(text: string): number {
  let total = 0;
  let number = '';
  for (const char of text) {
    const unit = UNITS.get(char);
    if (unit === undefined) {
      number += char;
    } else {
      total += Number(number) * unit;
      number = '';
    }
  }
  return total;
}
