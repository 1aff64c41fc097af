/** Finds the cell that a text comes from. Pure. */

/**
 * The place of the cell with this text: the cell that is the text, that has it in it, or that
 * begins with the same line; -1 if there is none.
 */
export function findCell(cells: readonly string[], text: string): number {
  const wanted = text.trim();
  if (wanted === '') {
    return -1;
  }
  const first = firstLine(wanted);
  for (const fits of [
    (cell: string) => cell === wanted,
    (cell: string) => cell.includes(wanted),
    (cell: string) => firstLine(cell) === first
  ]) {
    const place = cells.findIndex(cell => fits(cell.trim()));
    if (place >= 0) {
      return place;
    }
  }
  return -1;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0].trim();
}
