/** JSON as Python source, to be pasted into a notebook. Pure. */

import { formatNumber } from './format';
import type { Best, SweepSummary } from './wire';

const INDENT = '    ';

/** The best parameters as a cell: what they are, and a variable that holds them. */
export function bestAsPython({ name, metric }: SweepSummary, best: Best): string {
  const value = `${metric ?? 'objective'} ${formatNumber(best.value, 6)}`;
  const from = `# ${name}, run ${best.number}: ${value}`.replace(/\s+/g, ' ');
  return `${from}\n${assignment('best', best.params)}`;
}

/** `name = value`; objects with one key a line. */
export function assignment(name: string, value: unknown): string {
  return `${name} = ${literal(value, '')}`;
}

function literal(value: unknown, indent: string): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(item => literal(item, indent)).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const inner = indent + INDENT;
    const items = Object.entries(value).map(
      ([key, item]) => `${inner}${JSON.stringify(key)}: ${literal(item, inner)},\n`
    );
    return items.length === 0 ? '{}' : `{\n${items.join('')}${indent}}`;
  }
  // What JSON escapes in a text, and how it writes a number, Python reads in the same way.
  return JSON.stringify(value);
}
