/** A parsed query, and which runs it selects; as `wandb_magic.query.query` does. Pure. */

import type { RunRow } from '../../api/schemas';
import { type ILiteral, type Node, parse, type Value } from './grammar';
import { QueryError } from './lexer';
import {
  ABSENT,
  asNumber,
  fieldName,
  type Reader,
  searchedText,
  valueReader,
  valueText
} from './runFields';

export type RunTest = (row: RunRow) => boolean;
type Match = (value: unknown) => boolean;

/** A query that was parsed. */
export interface IQuery {
  test: RunTest;
  /** The names that it compares, in their order, except those that every run has. */
  names: readonly string[];
}

/** The parsed query; throws a `QueryError` if it is invalid. */
export function parseQuery(text: string): IQuery {
  const node = parse(text);
  const names = new Set(namesOf(node).filter(name => fieldName(name) === null));
  return { test: testOf(node), names: [...names] };
}

/** What is wrong with a query; null if nothing is. */
export function queryProblem(text: string): QueryError | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    if (error instanceof QueryError) {
      return error;
    }
    throw error;
  }
}

function namesOf(node: Node): string[] {
  switch (node.kind) {
    case 'both':
    case 'either':
      return node.parts.flatMap(namesOf);
    case 'not':
      return namesOf(node.part);
    case 'words':
      return [];
    default:
      return [node.name];
  }
}

/** A function that tests runs; each name and literal is resolved only once. */
function testOf(node: Node): RunTest {
  switch (node.kind) {
    case 'both': {
      const tests = node.parts.map(testOf);
      return row => tests.every(test => test(row));
    }
    case 'either': {
      const tests = node.parts.map(testOf);
      return row => tests.some(test => test(row));
    }
    case 'not': {
      const test = testOf(node.part);
      return row => !test(row);
    }
    case 'words': {
      const words = node.words.map(word => word.toLowerCase());
      return row => {
        const text = searchedText(row);
        return words.every(word => text.includes(word));
      };
    }
    case 'has': {
      const read = valueReader(node.name);
      return row => {
        const value = read(row);
        return value !== ABSENT && !(Array.isArray(value) && value.length === 0);
      };
    }
    case 'in': {
      const matches = node.values.map(value => matchOf('==', value));
      const isAny = (value: unknown) => matches.some(match => match(value));
      return compared(valueReader(node.name), isAny, node.isNegated);
    }
    case 'compare': {
      const positive = { '!=': '==', '!~': '~' }[node.operator] ?? node.operator;
      const match = matchOf(positive, node.value);
      return compared(valueReader(node.name), match, positive !== node.operator);
    }
  }
}

/** The test of a value: false if it is absent, and true for a list if an element is. */
function compared(read: Reader, match: Match, isNegated: boolean): RunTest {
  return row => {
    const value = read(row);
    return value !== ABSENT && match(value) !== isNegated;
  };
}

function matchOf(operator: string, literal: Value): Match {
  if (!('text' in literal)) {
    return value => isEqualList(value, literal);
  }
  const match = operator === '~' ? contains(literal) : scalarMatch(operator, literal);
  return value => (Array.isArray(value) ? value.some(match) : match(value));
}

function contains(literal: ILiteral): Match {
  const text = literal.text.toLowerCase();
  return value => valueText(value).toLowerCase().includes(text);
}

function scalarMatch(operator: string, literal: ILiteral): Match {
  if (operator === '==') {
    return value => isEqual(value, literal);
  }
  const bound = literal.number ?? NaN;
  const compare = {
    '<': (number: number) => number < bound,
    '<=': (number: number) => number <= bound,
    '>': (number: number) => number > bound,
    '>=': (number: number) => number >= bound
  }[operator];
  return value => {
    const number = asNumber(value);
    return number !== null && compare?.(number) === true;
  };
}

function isEqual(value: unknown, literal: ILiteral): boolean {
  if (typeof value === 'string') {
    if (value === literal.text) {
      return true;
    }
  } else if (value === null || typeof value === 'boolean') {
    return literal.constant === value;
  }
  const number = asNumber(value);
  if (number === null || literal.number === null) {
    return false;
  }
  return number === literal.number || (Number.isNaN(number) && Number.isNaN(literal.number));
}

function isEqualList(value: unknown, literals: readonly Value[]): boolean {
  if (!Array.isArray(value) || value.length !== literals.length) {
    return false;
  }
  return literals.every((literal, index) => {
    const part: unknown = value[index];
    return 'text' in literal
      ? !Array.isArray(part) && isEqual(part, literal)
      : isEqualList(part, literal);
  });
}
