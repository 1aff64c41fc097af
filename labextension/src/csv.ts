/**
 * Runs as text for spreadsheets and pandas: full precision, texts as they are. Pure.
 *
 * CSV follows RFC 4180; what goes to the clipboard has tabs, as spreadsheets want it.
 */

import { type Cell, type IColumn, cellReader } from './models/columns';
import type { RunRow } from './api/schemas';

/** What stands between two values. */
type Delimiter = ',' | '\t';

/** One line a run, in the order of the rows, below the columns' ids. */
export function runsToCsv(
  rows: readonly RunRow[],
  columns: readonly IColumn[],
  delimiter: Delimiter = ','
): string {
  const readers = columns.map(column => cellReader(column.id));
  const lines = [
    toCsvLine(
      columns.map(column => column.id),
      delimiter
    )
  ];
  for (const row of rows) {
    lines.push(
      toCsvLine(
        readers.map(read => read(row)),
        delimiter
      )
    );
  }
  return lines.join('');
}

export function toCsvLine(values: readonly Cell[], delimiter: Delimiter = ','): string {
  return `${values.map(quoteField).join(delimiter)}\r\n`;
}

function quoteField(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\t\r\n]/.test(text) || text !== text.trim()
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}
