/** The toolbar above the table: filter, pending changes, and actions on the selected runs. */

import {
  downloadIcon,
  refreshIcon,
  settingsIcon,
  stopIcon,
  tableRowsIcon
} from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import type { IColumn } from '../../../models/columns';
import { runsToCsv } from '../../../models/runsCsv';
import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { downloadFile } from '../../../components/download';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../api/schemas';
import { columnLabel } from '../columnLabels';
import { ColumnChooser } from '../ColumnChooser';
import { QueryBox } from '../QueryBox';
import { GroupControl } from './GroupControl';
import type { ISortedRuns } from './stableSort';

export function RunsToolbar({
  sweep,
  ordered,
  columns,
  grouping,
  onColumns,
  onGroupBy,
  onReorder
}: {
  sweep: SweepModel;
  ordered: ISortedRuns;
  columns: readonly IColumn[];
  /** The columns by which runs are grouped. */
  grouping: readonly string[];
  onColumns: (columns: readonly string[]) => void;
  onGroupBy: (columns: readonly string[]) => void;
  onReorder: () => void;
}): ReactElement {
  const { commands, trans } = usePanelContext();
  const [popoverAnchor, setChoosing] = useState<HTMLElement | null>(null);
  const selected = sweep.selectedIds.size > 0 ? sweep.activeRuns : [];
  const alive = selected.filter(row => row.state === 'running' || row.state === 'pending');
  const ended = selected.filter(row => row.ended !== null);
  const executeForRuns = async (command: string, rows: readonly RunRow[]) => {
    for (const row of rows) {
      await commands.execute(command, { sweep: sweep.id, run: row.id });
    }
  };
  const objective = sweep.summary;
  return (
    <div className="jp-wm-RunsToolbar" role="toolbar" aria-label={trans.__('Runs')}>
      <QueryBox sweep={sweep} />
      <span className="jp-wm-RunsToolbar-pending" role="status">
        <PendingChanges sweep={sweep} ordered={ordered} onReorder={onReorder} />
      </span>
      {alive.length > 0 && (
        <Button
          label={trans._n('Stop %1 run', 'Stop %1 runs', alive.length)}
          icon={stopIcon}
          showLabel
          onClick={() => void executeForRuns(Commands.stopRun, alive)}
        />
      )}
      {ended.length > 0 && (
        <Button
          label={trans._n('Rerun %1 run', 'Rerun %1 runs', ended.length)}
          icon={refreshIcon}
          showLabel
          onClick={() => void executeForRuns(Commands.rerun, ended)}
        />
      )}
      {selected.length >= 2 && (
        <Button
          label={trans.__('Compare')}
          icon={tableRowsIcon}
          showLabel
          onClick={() => sweep.saveSettings('view', { tab: 'compare' })}
        />
      )}
      <GroupControl
        columns={sweep.columns}
        by={grouping}
        titleOf={column => columnLabel(column, objective, trans)}
        onChoose={onGroupBy}
      />
      <Button
        label={trans.__('Columns')}
        icon={settingsIcon}
        showLabel
        onClick={event => setChoosing(event.currentTarget)}
      />
      <Button
        label={trans.__('Export as CSV')}
        title={trans.__('Export the runs and columns shown as CSV')}
        icon={downloadIcon}
        disabled={ordered.rows.length === 0}
        onClick={() =>
          downloadFile(
            `${sweep.summary?.name ?? sweep.id}-runs.csv`,
            new Blob([runsToCsv(ordered.rows, columns)], { type: 'text/csv' })
          )
        }
      />
      {popoverAnchor !== null && (
        <ColumnChooser
          anchor={popoverAnchor}
          columns={sweep.columns}
          shown={columns.map(column => column.id)}
          titleOf={column => columnLabel(column, objective, trans)}
          onChoose={onColumns}
          onClose={() => setChoosing(null)}
        />
      )}
    </div>
  );
}

/** Changes that the table does not show yet, with a button that shows them. */
function PendingChanges({
  sweep,
  ordered,
  onReorder
}: {
  sweep: SweepModel;
  ordered: ISortedRuns;
  onReorder: () => void;
}): ReactElement | null {
  const { trans } = usePanelContext();
  if (!sweep.isComplete) {
    return <>{trans.__('%1 of %2 runs loaded', sweep.rows.length, sweep.total)}</>;
  }
  const { pendingCount, filteredOut, isStale } = ordered;
  if (pendingCount === 0 && filteredOut.size === 0 && !isStale) {
    return null;
  }
  const text =
    pendingCount > 0
      ? trans.__('%1 new', pendingCount)
      : filteredOut.size > 0
        ? trans.__('%1 filtered out', filteredOut.size)
        : trans.__('Order changed');
  return (
    <Button
      label={text}
      icon={refreshIcon}
      showLabel
      title={trans.__('Sort and filter again')}
      className="jp-wm-mod-pending"
      onClick={onReorder}
    />
  );
}
