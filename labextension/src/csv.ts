/**
 * Runs as text for spreadsheets and pandas: full precision, texts as they are. Pure.
 *
 * CSV follows RFC 4180; what goes to the clipboard has tabs, as spreadsheets want it.
 */

import { type Cell, type IColumn, reader } from './columns';
import type { RunRow } from './wire';

/** What stands between two values. */
type Between = ',' | '\t';

/** One line a run, in the order of the rows, below the columns' ids. */
export function csvOf(
  rows: readonly RunRow[],
  columns: readonly IColumn[],
  between: Between = ','
): string {
  const readers = columns.map(column => reader(column.id));
  const lines = [
    csvLine(
      columns.map(column => column.id),
      between
    )
  ];
  for (const row of rows) {
    lines.push(
      csvLine(
        readers.map(read => read(row)),
        between
      )
    );
  }
  return lines.join('');
}

export function csvLine(values: readonly Cell[], between: Between = ','): string {
  return `${values.map(field).join(between)}\r\n`;
}

function field(value: Cell): string {
  const text = value === null ? '' : String(value);
  return /[",\t\r\n]/.test(text) || text !== text.trim()
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}
