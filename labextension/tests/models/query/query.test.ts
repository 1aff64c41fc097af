import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { RunRow } from '../../../src/api/schemas';
import { flattenKeys } from '../../../src/models/columns';
import { QueryError } from '../../../src/models/query/lexer';
import { parseQuery, queryProblem } from '../../../src/models/query/query';
import { aRun } from '../../factories';

/* The cases are those of `wandb_magic.query`, which must answer the same. */

interface ICases {
  runs: (Partial<RunRow> & { number: number })[];
  queries: { query: string; runs: number[] }[];
  errors: { query: string; column: number; message: string }[];
}

const file = join(import.meta.dirname, '../../../../tests/query/cases.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as ICases;
const rows = cases.runs.map(({ number, params = {}, ...row }) =>
  aRun(number, { name: '', host: '', ...row, params: Object.fromEntries(flattenKeys(params)) })
);
const selected = (query: string) => rows.filter(parseQuery(query).test).map(row => row.number);

describe('a query', () => {
  it.each(cases.queries)('$query selects $runs', ({ query, runs }) => {
    expect(selected(query)).toEqual(runs);
  });

  it.each(cases.errors)('that is invalid says so: $message', ({ query, column, message }) => {
    expect(queryProblem(query)?.message).toBe(`column ${column}: ${message}`);
  });

  it('is any text, or says where it is none', () => {
    const pieces =
      "lr state loss tag:best has:loss adam 1e-3 nan true 5m 😀 `a` 'b' \" ' ` and or not in [ ] ( ) , < <= == = != ~ !~ ! && | finished".split(
        ' '
      );
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    let valid = 0;
    for (let attempt = 0; attempt < 5000; attempt += 1) {
      const words = Array.from({ length: random(9) }, () => pieces[random(pieces.length)]);
      const text = words.join(random(2) ? ' ' : '');
      try {
        const runs = selected(text);
        valid += 1;
        const others = rows.map(row => row.number).filter(number => !runs.includes(number));
        expect(text.trim() === '' ? others : selected(`not (${text})`)).toEqual(others);
      } catch (error) {
        expect(error).toBeInstanceOf(QueryError);
        expect((error as QueryError).place).toBeLessThanOrEqual(text.length);
      }
    }
    expect(valid).toBeGreaterThan(200);
  });
});
