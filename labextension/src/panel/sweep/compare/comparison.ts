/** Some runs side by side: what differs, apart from what is the same. Pure. */

import { type Cell, type IColumn, reader } from '../../../columns';
import type { RunRow } from '../../../wire';

export interface ILine {
  column: IColumn;
  /** One for each run. */
  values: readonly Cell[];
}

export interface IComparison {
  differing: readonly ILine[];
  metrics: readonly ILine[];
  same: readonly ILine[];
}

/** Parameters that differ, metrics, and parameters that are the same in all these runs. */
export function comparisonOf(rows: readonly RunRow[], columns: readonly IColumn[]): IComparison {
  const differing: ILine[] = [];
  const metrics: ILine[] = [];
  const same: ILine[] = [];
  for (const column of columns) {
    const read = reader(column.id);
    const values = rows.map(read);
    if (values.every(value => value === null)) {
      continue;
    }
    if (column.group === 'params') {
      const all = values.every(value => value === values[0]);
      (all ? same : differing).push({ column, values });
    } else if (column.group === 'summary' && !isBookkeeping(column.name)) {
      metrics.push({ column, values });
    }
  }
  return { differing, metrics, same };
}

/** Whether W&B or we ourselves wrote a key, and not the user's code. */
function isBookkeeping(key: string): boolean {
  return key.startsWith('_') || key.startsWith('wandb_magic/');
}

/** The runs with the best values, best first. */
export function bestOf(rows: readonly RunRow[], count: number, maximize: boolean): RunRow[] {
  const valued = rows.filter(row => row.value !== null);
  valued.sort((one, other) => {
    const order = (one.value ?? 0) - (other.value ?? 0);
    return (maximize ? -order : order) || one.number - other.number;
  });
  return valued.slice(0, count);
}
