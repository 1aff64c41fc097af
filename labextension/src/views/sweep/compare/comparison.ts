/** Compares runs: separates what differs from what is the same. Pure. */

import { type Cell, formatNumber, NONE } from '../../../format';
import { type IColumn, cellReader, isNone } from '../../../models/columns';
import { nonFiniteText } from '../../../models/objective';
import type { RunRow } from '../../../api/schemas';

export interface IComparisonRow {
  column: IColumn;
  /** One value for each run. */
  values: readonly Cell[];
}

export interface IComparison {
  differing: readonly IComparisonRow[];
  metrics: readonly IComparisonRow[];
  same: readonly IComparisonRow[];
}

/** Parameters that differ, metrics, and parameters that are the same in all these runs. */
export function compareRuns(rows: readonly RunRow[], columns: readonly IColumn[]): IComparison {
  const differing: IComparisonRow[] = [];
  const metrics: IComparisonRow[] = [];
  const same: IComparisonRow[] = [];
  for (const column of columns) {
    const read = cellReader(column.id);
    // A logged NaN is not a missing value.
    const values = rows.map(row => read(row) ?? nonFiniteCell(row, column));
    if (values.every(value => value === null)) {
      continue;
    }
    if (column.group === 'params') {
      const isSame = values.every(value => value === values[0]);
      (isSame ? same : differing).push({ column, values });
    } else if (column.group === 'summary' && !isInternalKey(column.name)) {
      metrics.push({ column, values });
    }
  }
  return { differing, metrics, same };
}

/** How a number differs from that of the baseline, as `+0.1`; empty if there is nothing to say. */
export function differenceText(value: Cell, baseline: Cell, digits: number): string {
  if (typeof value !== 'number' || typeof baseline !== 'number') {
    return '';
  }
  const difference = value - baseline;
  return difference < 0
    ? `−${formatNumber(-difference, digits)}`
    : `${difference > 0 ? '+' : '±'}${formatNumber(difference, digits)}`;
}

/** The text of a value that is not finite, or None; null if there is none. */
export function nonFiniteCell(row: RunRow, { group, name, id }: IColumn): string | null {
  if (group === 'run') {
    return null;
  }
  return isNone(row, id) ? NONE : nonFiniteText(row[group][name]);
}

/** Whether W&B or this package wrote a key, and not the user's code. */
function isInternalKey(key: string): boolean {
  return key.startsWith('_') || key.startsWith('wandb_magic/');
}

/** The runs with the best values, best first. */
export function bestRuns(rows: readonly RunRow[], count: number, maximize: boolean): RunRow[] {
  const valued = rows.filter(row => row.value !== null);
  valued.sort((a, b) => {
    const order = (a.value ?? 0) - (b.value ?? 0);
    return (maximize ? -order : order) || a.number - b.number;
  });
  return valued.slice(0, count);
}
