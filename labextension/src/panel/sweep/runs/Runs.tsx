/** All runs of a sweep as a table. */

import { type ReactElement, useMemo, useReducer } from 'react';

import { NO_FILTER } from '../../../columns';
import { useLab, useSignal } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Empty, Skeleton } from '../../../parts/Notices';
import { isLogarithmic } from '../../../spec';
import type { ITabProps } from '../SweepView';
import { titleOf } from '../titles';
import { useChoice } from '../useChoice';
import { Grid } from './Grid';
import { FIRST_LAYOUT, type ILayout, visibleColumns, widthOf } from './layout';
import { HeldOrder } from './order';
import type { IShownColumn } from './Row';
import { Scales } from './scales';
import { Toolbar } from './Toolbar';

export function Runs({ sweep }: ITabProps): ReactElement {
  const { trans } = useLab();
  useSignal(sweep.changed);
  useChoice(sweep);
  const [, render] = useReducer((count: number) => count + 1, 0);
  const order = useMemo(() => new HeldOrder(), []);
  const scales = useMemo(
    () =>
      new Scales(
        column =>
          column.startsWith('params.') && isLogarithmic(sweep.detail?.spec, column.slice(7))
      ),
    [sweep]
  );
  const layout = sweep.settings<ILayout>('runs', FIRST_LAYOUT);
  const onLayout = (changes: Partial<ILayout>) => sweep.remember('runs', { ...changes });
  const metric = sweep.summary?.metric ?? null;
  const columns = useStable(
    shownColumns(sweep, layout, scales, column => titleOf(column, metric, trans))
  );
  const ordered = order.take({
    shown: sweep.shown,
    find: id => sweep.run(id),
    sort: layout,
    filter: sweep.choice.filter,
    complete: sweep.complete
  });
  return (
    <div className="jp-wm-Runs">
      <Toolbar
        sweep={sweep}
        ordered={ordered}
        columns={columns}
        onColumns={chosen => onLayout({ columns: chosen })}
        onReorder={() => {
          order.release();
          render();
        }}
      />
      {sweep.rows.length === 0 ? (
        sweep.complete ? (
          <Empty>{trans.__('No run has begun yet; the first one will show up here.')}</Empty>
        ) : (
          <Skeleton />
        )
      ) : (
        <Grid
          sweep={sweep}
          ordered={ordered}
          columns={columns}
          layout={layout}
          onLayout={onLayout}
        />
      )}
      {sweep.rows.length > 0 && ordered.rows.length === 0 && (
        <Empty>
          {trans.__('No run passes the filter.')}{' '}
          <Button
            label={trans.__('Show all')}
            onClick={() => sweep.choose({ filter: NO_FILTER })}
          />
        </Empty>
      )}
    </div>
  );
}

/** The columns with what is to be known to show them. */
function shownColumns(
  sweep: ITabProps['sweep'],
  layout: ILayout,
  scales: Scales,
  title: (column: string) => string
): IShownColumn[] {
  let start = 0;
  const metric = sweep.summary?.metric ?? null;
  const named = sweep.rows.some(row => row.name !== '');
  return visibleColumns(sweep.columns, layout, metric, named).map(column => {
    const name = title(column.id);
    const width = widthOf(column, name, layout);
    const scale = column.numeric ? scales.of(column.id, sweep.rows) : null;
    start += width;
    return { ...column, title: name, start: start - width, width, scale };
  });
}

/** The columns of before, if these are the same: rows are rendered anew only for other ones. */
function useStable(columns: IShownColumn[]): readonly IShownColumn[] {
  const key = JSON.stringify(columns);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says all
  return useMemo(() => columns, [key]);
}
