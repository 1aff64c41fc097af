/** Runs as CSV. Pure. */

import type { RunRow } from '../api/schemas';
import { type Delimiter, toCsvLine } from '../csv';
import { NONE } from '../format';
import { cellReader, type IColumn, isNone } from './columns';

/**
 * One line per run, in the order of the rows, below a header with the columns' ids; a missing value
 * is empty, and None is `None`.
 */
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
        readers.map((read, index) => (isNone(row, columns[index].id) ? NONE : read(row))),
        delimiter
      )
    );
  }
  return lines.join('');
}
