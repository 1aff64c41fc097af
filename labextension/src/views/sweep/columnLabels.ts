/** The labels of a sweep's columns, and of conditions on them. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { type IObjective, objectiveLabel } from '../../models/objective';
import type { Range } from '../../models/columns';
import { formatDuration, formatNumber } from '../../format';

/** A column's title: the logged key, or a label for what every run has. */
export function columnLabel(
  column: string,
  objective: IObjective | undefined,
  trans: TranslationBundle
): string {
  const labels: Record<string, string> = {
    number: trans.__('Run'),
    name: trans.__('Name'),
    state: trans.__('State'),
    value: objectiveLabel(objective, trans),
    duration: trans.__('Duration'),
    started: trans.__('Started'),
    agent: trans.__('Agent'),
    attempt: trans.__('Attempt'),
    repeat_group: trans.__('Parameter set'),
    host: trans.__('Machine'),
    group: trans.__('Group'),
    tags: trans.__('Tags'),
    notes: trans.__('Notes'),
    cause: trans.__('Cause'),
    id: trans.__('ID')
  };
  if (column === `summary.${objective?.metric}`) {
    // Otherwise two columns with different values would have the same title.
    return trans.__('%1 (summary)', column.slice(8));
  }
  return labels[column] ?? column.replace(/^(params|summary)\./, '');
}

/** A condition on a column: `≥ 0.1`, `1e-4 … 0.01`, `adam, sgd`. */
export function rangeLabel(column: string, range: Range, trans: TranslationBundle): string {
  if ('values' in range) {
    const { values } = range;
    const listed = values.slice(0, 3).join(', ');
    return values.length > 3 ? trans.__('%1 and %2 more', listed, values.length - 3) : listed;
  }
  const formatValue = (value: number) =>
    column === 'duration' ? formatDuration(value) : formatNumber(value);
  if (range.high === Infinity) {
    return `≥ ${formatValue(range.low)}`;
  }
  return range.low === -Infinity
    ? `≤ ${formatValue(range.high)}`
    : `${formatValue(range.low)} … ${formatValue(range.high)}`;
}
