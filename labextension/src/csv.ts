/**
 * Runs as text for spreadsheets and pandas: full precision, texts as they are. Pure.
 *
 * CSV follows RFC 4180; what goes to the clipboard has tabs, as spreadsheets want it.
 */

import type { Cell } from './format';

/** What stands between two values. */
export type Delimiter = ',' | '\t';

export function toCsvLine(values: readonly Cell[], delimiter: Delimiter = ','): string {
  return `${values.map(quoteField).join(delimiter)}\r\n`;
}

function quoteField(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\t\r\n]/.test(text) || text !== text.trim()
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}
