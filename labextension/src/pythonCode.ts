/** JSON as Python source, for pasting into a notebook. Pure. */

import { formatNumber } from './format';
import type { Best, SweepSummary } from './api/schemas';

const INDENT = '    ';

/** The best parameters as a cell: a comment, and a variable that holds them. */
export function bestParamsCode({ name, metric }: SweepSummary, best: Best): string {
  const value = `${metric ?? 'objective'} ${formatNumber(best.value, 6)}`;
  const from = `# ${name}, run ${best.number}: ${value}`.replace(/\s+/g, ' ');
  return `${from}\n${assignmentCode('best', best.params)}`;
}

/** `name = value`; objects have one key per line. */
export function assignmentCode(name: string, value: unknown): string {
  return `${name} = ${pythonLiteral(value, '')}`;
}

function pythonLiteral(value: unknown, indent: string): string {
  if (value === null || value === undefined) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(item => pythonLiteral(item, indent)).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const inner = indent + INDENT;
    const items = Object.entries(value).map(
      ([key, item]) => `${inner}${JSON.stringify(key)}: ${pythonLiteral(item, inner)},\n`
    );
    return items.length === 0 ? '{}' : `{\n${items.join('')}${indent}}`;
  }
  // Python reads JSON's escapes and numbers the same way.
  return JSON.stringify(value);
}
