import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuUsage } from 'node:process';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { plainText } from '../src/views/run/logs/ansi';

/*
 * Untrusted texts: logs, tracebacks, names. Every regular expression of the sources must take linear
 * time: quadratic time would cost seconds of CPU time instead of milliseconds.
 */

const LENGTH = 50_000;
const MOST_MS = 250;
const PIECES = [
  'a',
  '0',
  ' ',
  '\n',
  '.',
  '/',
  '"',
  '[',
  '\u001b[',
  '\u001b]',
  'x.0',
  '0e',
  '/lib/python3'
];
const MORE = ['  File "', '", line 1', ':', ';', '-', '_', '/lib/', 'a.', '.a', '\r', '\b', 'aé'];
const STARTS = ['', '  File "', '"', '/lib/python', '.', '\u001b['];

function literals(folder: string): [string, RegExp][] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.tsx?$/.test(name))
    .flatMap(name => {
      const text = readFileSync(join(folder, name), 'utf8');
      const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
      const found: [string, RegExp][] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isRegularExpressionLiteral(node)) {
          const end = node.text.lastIndexOf('/');
          const flags = node.text.slice(end + 1).replace('g', '');
          found.push([`${name}: ${node.text}`, new RegExp(node.text.slice(1, end), `${flags}g`)]);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
      return found;
    });
}

function took(work: () => void): number {
  const before = cpuUsage();
  work();
  const { user, system } = cpuUsage(before);
  return (user + system) / 1000;
}

describe('patterns', { timeout: 60_000 }, () => {
  const found = literals(join(import.meta.dirname, '../src'));

  it('are found', () => {
    expect(found.length).toBeGreaterThan(15);
  });

  it.each(found)('%s takes time linear in its text', (_, pattern) => {
    for (const piece of [...PIECES, ...MORE]) {
      for (const start of STARTS) {
        const text = `${start}${piece.repeat(LENGTH / piece.length)}!`;
        expect(
          took(() => text.replace(pattern, '')),
          JSON.stringify([start, piece])
        ).toBeLessThan(MOST_MS);
      }
    }
  });

  it('would be reported if they did not', () => {
    const text = `${'\n'.repeat(LENGTH)}!`;
    expect(took(() => text.replace(/\n+$/g, ''))).toBeGreaterThan(MOST_MS);
  });

  it.each(['a\b', '\b', 'é🙂\b', '\u001b[31ma', '\u001b[1m', '\u001b[1;', 'a\r', '\u001b]8;;'])(
    'parsing a line of %j takes linear time',
    piece => {
      const text = 'a'.repeat(LENGTH) + piece.repeat(LENGTH / piece.length);
      expect(took(() => plainText(text))).toBeLessThan(5 * MOST_MS);
    }
  );
});
