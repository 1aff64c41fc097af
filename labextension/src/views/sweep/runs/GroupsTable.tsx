/** The groups of runs with their statistics; a group opens to its runs. Only what is visible is rendered. */

import { type ReactElement, useMemo, useRef, useState } from 'react';

import {
  groupRuns,
  type IGroup,
  sortGroups,
  type Statistic,
  STATISTICS
} from '../../../models/groups';
import { usePanelContext } from '../../../components/context';
import { StateLabel } from '../../../components/StateLabel';
import { formatCell, formatNumber, MISSING } from '../../../format';
import type { SweepModel } from '../../../models/sweepModel';
import type { RunRow } from '../../../api/schemas';
import { RunLink } from '../RunLink';
import { ROW_HEIGHT } from './tableLayout';
import { useVirtualWindow } from './useVirtualWindow';

/** The saved grouping; no columns means that runs are not grouped. */
export interface IGrouping {
  by: readonly string[];
  /** What the groups are sorted by; empty for what they share. */
  statistic: string;
  descending: boolean;
}

export const NO_GROUPING: IGrouping = { by: [], statistic: '', descending: false };

/** A line of the table: a group, or a run of an open one. */
interface ILine {
  group: IGroup;
  row: RunRow | null;
}

const ONE_COLUMN = [0];

export function GroupsTable({
  sweep,
  grouping,
  titleOf,
  onGrouping
}: {
  sweep: SweepModel;
  grouping: IGrouping;
  titleOf: (column: string) => string;
  onGrouping: (changes: Partial<IGrouping>) => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const { by, descending } = grouping;
  const rows = sweep.filteredRuns;
  const key = JSON.stringify(by);
  const groups = useMemo(() => groupRuns(rows, JSON.parse(key) as string[]), [rows, key]);
  const titles: [Statistic, string, string][] = [
    ['count', trans.__('Runs'), trans.__('The number of runs')],
    ['values', trans.__('Values'), trans.__('The number of runs with a finite value')],
    ['mean', trans.__('Mean'), trans.__('The mean of the values')],
    ['sd', trans.__('SD'), trans.__('The standard deviation of the values')],
    ['se', trans.__('SE'), trans.__('The standard error of the mean')],
    ['min', trans.__('Min'), trans.__('The lowest value')],
    ['q1', trans.__('Q1'), trans.__('The first quartile')],
    ['median', trans.__('Median'), trans.__('The median')],
    ['q3', trans.__('Q3'), trans.__('The third quartile')],
    ['max', trans.__('Max'), trans.__('The highest value')]
  ];
  const statistic = STATISTICS.find(name => name === grouping.statistic) ?? null;
  const lines = useMemo(
    () =>
      sortGroups(groups, statistic, descending).flatMap((group): ILine[] => [
        { group, row: null },
        ...(open.has(group.id) ? group.rows.map(row => ({ group, row })) : [])
      ]),
    [groups, statistic, descending, open]
  );
  const view = useVirtualWindow(scroller, lines.length, ONE_COLUMN);
  const toggle = (id: string) => {
    const ids = new Set(open);
    if (!ids.delete(id)) {
      ids.add(id);
    }
    setOpen(ids);
  };
  const sortBy = (name: string) =>
    onGrouping({
      statistic: name,
      descending: grouping.statistic === name ? !descending : name !== ''
    });
  const header = (name: string, text: string, title: string) => (
    <span
      key={name}
      role="columnheader"
      aria-sort={grouping.statistic === name ? (descending ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" title={title} onClick={() => sortBy(name)}>
        {text}
        {grouping.statistic === name && (descending ? ' ▼' : ' ▲')}
      </button>
    </span>
  );
  const what = by.map(titleOf).join(', ');
  return (
    <div
      ref={scroller}
      className="jp-wm-Groups"
      role="table"
      aria-label={trans.__('Groups by %1', what)}
      aria-rowcount={lines.length + 1}
    >
      <div role="row" aria-rowindex={1} className="jp-wm-Groups-row jp-wm-mod-head">
        {header('', trans.__('%1: %2', what, titleOf('value')), trans.__('What the runs share'))}
        {titles.map(([name, text, title]) => header(name, text, title))}
      </div>
      <div role="rowgroup" style={{ position: 'relative', height: lines.length * ROW_HEIGHT }}>
        {lines.slice(view.firstRow, view.endRow).map(({ group, row }, offset) => {
          const index = view.firstRow + offset;
          return (
            <div
              key={row === null ? group.id : `${group.id} ${row.id}`}
              role="row"
              aria-rowindex={index + 2}
              className="jp-wm-Groups-row"
              data-run={row?.id}
              data-sweep={sweep.id}
              style={{ position: 'absolute', top: index * ROW_HEIGHT }}
            >
              {row === null ? (
                <>
                  <span role="rowheader">
                    <button
                      type="button"
                      aria-expanded={open.has(group.id)}
                      onClick={() => toggle(group.id)}
                    >
                      {open.has(group.id) ? '▾' : '▸'}{' '}
                      {group.labels.map(label => label ?? MISSING).join(', ')}
                    </button>
                  </span>
                  {titles.map(([name]) => (
                    <span key={name} role="cell">
                      {formatNumber(group.statistics[name])}
                    </span>
                  ))}
                </>
              ) : (
                <>
                  <span role="rowheader" className="jp-wm-mod-run">
                    <RunLink sweep={sweep} row={row} />
                  </span>
                  <span role="cell" aria-colspan={2} className="jp-wm-mod-state">
                    <StateLabel state={row.state} />
                  </span>
                  <span role="cell">{formatCell(row.value)}</span>
                </>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
