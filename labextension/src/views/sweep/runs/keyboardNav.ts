/** Keyboard navigation in the table, and the selection by clicks and keys. Pure. */

import type { RunRow } from '../../../api/schemas';

/** The header is row -1. */
export interface ICellPosition {
  row: number;
  column: number;
}

export const HEADER = -1;

/** The cell to which a key moves; null if the key does not move. */
export function moveCell(
  key: string,
  ctrl: boolean,
  from: ICellPosition,
  size: { rows: number; columns: number; page: number }
): ICellPosition | null {
  const { row, column } = from;
  const targets: Record<string, ICellPosition> = {
    ArrowUp: { row: row - 1, column },
    ArrowDown: { row: row + 1, column },
    ArrowLeft: { row, column: column - 1 },
    ArrowRight: { row, column: column + 1 },
    PageUp: { row: Math.max(0, row - size.page), column },
    PageDown: { row: row + size.page, column },
    Home: ctrl ? { row: 0, column: 0 } : { row, column: 0 },
    End: ctrl
      ? { row: size.rows - 1, column: size.columns - 1 }
      : { row, column: size.columns - 1 }
  };
  if (!Object.hasOwn(targets, key)) {
    return null;
  }
  const to = targets[key];
  return {
    row: Math.max(HEADER, Math.min(size.rows - 1, to.row)),
    column: Math.max(0, Math.min(size.columns - 1, to.column))
  };
}

/** How a click or a key changes the selection. */
export type Gesture = 'only' | 'toggle' | 'extend';

/** The selected ids after a gesture on a row; `anchor` is the row of the previous gesture. */
export function applyGesture(
  gesture: Gesture,
  rows: readonly RunRow[],
  row: number,
  anchor: number,
  selected: ReadonlySet<string>
): string[] {
  const { id } = rows[row];
  switch (gesture) {
    case 'only':
      return [id];
    case 'toggle':
      return selected.has(id) ? [...selected].filter(other => other !== id) : [...selected, id];
    case 'extend':
      return rows.slice(Math.min(anchor, row), Math.max(anchor, row) + 1).map(row => row.id);
  }
}
