/** All runs of a sweep as a table. */

import { type ReactElement, useMemo, useReducer } from 'react';

import { NO_FILTER } from '../../../models/columns';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { Button } from '../../../components/Button';
import { EmptyState, Skeleton } from '../../../components/Placeholders';
import { isLogarithmic } from '../../../models/spec';
import type { ITabProps } from '../tabProps';
import { columnLabel } from '../columnLabels';
import { useViewState } from '../useViewState';
import { GroupsTable, type IGrouping, NO_GROUPING } from './GroupsTable';
import { RunsGrid } from './RunsGrid';
import { DEFAULT_LAYOUT, type ITableLayout, visibleColumns, widthOf } from './tableLayout';
import { StableSort } from './stableSort';
import type { IShownColumn } from './TableRow';
import { ColumnScales } from './columnScales';
import { RunsToolbar } from './RunsToolbar';

export function RunsTab({ sweep }: ITabProps): ReactElement {
  const { trans } = usePanelContext();
  useSignal(sweep.changed);
  useViewState(sweep);
  const [, render] = useReducer((count: number) => count + 1, 0);
  const order = useMemo(() => new StableSort(), []);
  const scales = useMemo(
    () =>
      new ColumnScales(
        column =>
          column.startsWith('params.') && isLogarithmic(sweep.detail?.spec, column.slice(7))
      ),
    [sweep]
  );
  const layout = sweep.settings<ITableLayout>('runs', DEFAULT_LAYOUT);
  const onLayout = (changes: Partial<ITableLayout>) => sweep.saveSettings('runs', { ...changes });
  const grouping = sweep.settings<IGrouping>('groups', NO_GROUPING);
  const onGrouping = (changes: Partial<IGrouping>) => sweep.saveSettings('groups', { ...changes });
  const objective = sweep.summary;
  const columns = useStable(
    shownColumns(sweep, layout, scales, column => columnLabel(column, objective, trans))
  );
  const sortedRuns = order.update({
    filteredRuns: sweep.filteredRuns,
    find: id => sweep.run(id),
    sort: layout,
    filter: sweep.viewState.filter,
    isComplete: sweep.isComplete
  });
  return (
    <div className="jp-wm-Runs">
      <RunsToolbar
        sweep={sweep}
        ordered={sortedRuns}
        columns={columns}
        grouping={grouping.by}
        onGroupBy={by => onGrouping({ by })}
        onColumns={selected => onLayout({ columns: selected })}
        onReorder={() => {
          order.release();
          render();
        }}
      />
      {sweep.rows.length === 0 ? (
        sweep.isComplete ? (
          <EmptyState>{trans.__('No runs started yet; they will appear here.')}</EmptyState>
        ) : (
          <Skeleton />
        )
      ) : grouping.by.length > 0 ? (
        <GroupsTable
          sweep={sweep}
          grouping={grouping}
          titleOf={column => columnLabel(column, objective, trans)}
          onGrouping={onGrouping}
        />
      ) : (
        <RunsGrid
          sweep={sweep}
          ordered={sortedRuns}
          columns={columns}
          layout={layout}
          onLayout={onLayout}
        />
      )}
      {sweep.rows.length > 0 && sortedRuns.rows.length === 0 && (
        <EmptyState>
          {trans.__('No runs match the filter.')}{' '}
          <Button
            label={trans.__('Show all')}
            onClick={() => sweep.setViewState({ filter: NO_FILTER })}
          />
        </EmptyState>
      )}
    </div>
  );
}

/** The columns with what is needed to show them. */
function shownColumns(
  sweep: ITabProps['sweep'],
  layout: ITableLayout,
  scales: ColumnScales,
  title: (column: string) => string
): IShownColumn[] {
  let start = 0;
  const metric = sweep.summary?.metric ?? null;
  const hasNames = sweep.rows.some(row => row.name !== '');
  const hasRepeats = (sweep.summary?.repeat ?? 1) > 1;
  return visibleColumns(sweep.columns, layout, metric, hasNames, hasRepeats).map(column => {
    const name = title(column.id);
    const width = widthOf(column, name, layout);
    const scale = column.numeric ? scales.of(column.id, sweep.rows) : null;
    start += width;
    return { ...column, title: name, start: start - width, width, scale };
  });
}

/** The previous columns if they are equal, because rows are rendered again only for new ones. */
function useStable(columns: IShownColumn[]): readonly IShownColumn[] {
  const key = JSON.stringify(columns);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all
  return useMemo(() => columns, [key]);
}
