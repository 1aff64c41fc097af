/** Finds the cell that contains a text. Pure. */

/**
 * The index of the cell with this text: the cell that equals the text, contains it, or starts with
 * the same line; -1 if there is none.
 */
export function findCell(cells: readonly string[], text: string): number {
  const source = text.trim();
  if (source === '') {
    return -1;
  }
  const first = firstLine(source);
  for (const matches of [
    (cell: string) => cell === source,
    (cell: string) => cell.includes(source),
    (cell: string) => firstLine(cell) === first
  ]) {
    const index = cells.findIndex(cell => matches(cell.trim()));
    if (index >= 0) {
      return index;
    }
  }
  return -1;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0].trim();
}
