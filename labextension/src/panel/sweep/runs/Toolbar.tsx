/** Above the table: what is looked for, what is new, and what can be done with the selected runs. */

import {
  downloadIcon,
  refreshIcon,
  settingsIcon,
  stopIcon,
  tableRowsIcon
} from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import type { IColumn } from '../../../columns';
import { csvOf } from '../../../csv';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { download } from '../../../parts/download';
import type { SweepModel } from '../../../sweep';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../wire';
import { titleOf } from '../titles';
import { Chooser } from './Chooser';
import type { IOrdered } from './order';

export function Toolbar({
  sweep,
  ordered,
  columns,
  onColumns,
  onReorder
}: {
  sweep: SweepModel;
  ordered: IOrdered;
  columns: readonly IColumn[];
  onColumns: (columns: readonly string[]) => void;
  onReorder: () => void;
}): ReactElement {
  const { commands, trans } = useLab();
  const [choosing, setChoosing] = useState<HTMLElement | null>(null);
  const { filter } = sweep.choice;
  const chosen = sweep.selected.size > 0 ? sweep.considered : [];
  const alive = chosen.filter(row => row.state === 'running' || row.state === 'pending');
  const ended = chosen.filter(row => row.ended !== null);
  const ask = async (command: string, rows: readonly RunRow[]) => {
    for (const row of rows) {
      await commands.execute(command, { sweep: sweep.id, run: row.id });
    }
  };
  const metric = sweep.summary?.metric ?? null;
  return (
    <div className="jp-wm-RunsToolbar" role="toolbar" aria-label={trans.__('Runs')}>
      <input
        className="jp-wm-Input"
        type="search"
        placeholder={trans.__('Filter runs…')}
        aria-label={trans.__('Filter runs by words')}
        value={filter.text}
        onChange={event => sweep.choose({ filter: { ...filter, text: event.target.value } })}
      />
      <span className="jp-wm-RunsToolbar-news" role="status">
        <News sweep={sweep} ordered={ordered} onReorder={onReorder} />
      </span>
      {alive.length > 0 && (
        <Button
          label={trans._n('Stop %1 run', 'Stop %1 runs', alive.length)}
          icon={stopIcon}
          word
          onClick={() => void ask(Commands.stopRun, alive)}
        />
      )}
      {ended.length > 0 && (
        <Button
          label={trans._n('Rerun %1 run', 'Rerun %1 runs', ended.length)}
          icon={refreshIcon}
          word
          onClick={() => void ask(Commands.rerun, ended)}
        />
      )}
      {chosen.length >= 2 && (
        <Button
          label={trans.__('Compare')}
          icon={tableRowsIcon}
          word
          onClick={() => sweep.remember('view', { tab: 'compare' })}
        />
      )}
      <Button
        label={trans.__('Columns')}
        icon={settingsIcon}
        word
        onClick={event => setChoosing(event.currentTarget)}
      />
      <Button
        label={trans.__('Export as CSV')}
        title={trans.__('Export the runs and columns shown as CSV')}
        icon={downloadIcon}
        disabled={ordered.rows.length === 0}
        onClick={() =>
          download(
            `${sweep.summary?.name ?? sweep.id}-runs.csv`,
            new Blob([csvOf(ordered.rows, columns)], { type: 'text/csv' })
          )
        }
      />
      {choosing !== null && (
        <Chooser
          anchor={choosing}
          columns={sweep.columns}
          shown={columns.map(column => column.id)}
          titleOf={column => titleOf(column, metric, trans)}
          onChoose={onColumns}
          onClose={() => setChoosing(null)}
        />
      )}
    </div>
  );
}

/** What the table does not show yet, with the way to show it. */
function News({
  sweep,
  ordered,
  onReorder
}: {
  sweep: SweepModel;
  ordered: IOrdered;
  onReorder: () => void;
}): ReactElement | null {
  const { trans } = useLab();
  if (!sweep.complete) {
    return <>{trans.__('%1 of %2 runs loaded', sweep.rows.length, sweep.total)}</>;
  }
  const { waiting, leaving, stale } = ordered;
  if (waiting === 0 && leaving.size === 0 && !stale) {
    return null;
  }
  const text =
    waiting > 0
      ? trans.__('%1 new', waiting)
      : leaving.size > 0
        ? trans.__('%1 filtered out', leaving.size)
        : trans.__('Order has changed');
  return (
    <Button
      label={text}
      icon={refreshIcon}
      word
      title={trans.__('Put the runs in order again')}
      className="jp-wm-mod-news"
      onClick={onReorder}
    />
  );
}
