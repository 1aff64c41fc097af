/**
 * Runs as text for spreadsheets and pandas: full precision, texts unchanged. Pure.
 *
 * CSV follows RFC 4180; the clipboard gets tabs, because spreadsheets expect them.
 */

import type { Cell } from './format';

/** The separator between two values. */
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
