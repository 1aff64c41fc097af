/** The table behind a plot: the same values for screen readers and for other programs. */

import { downloadIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import type { Cell } from '../format';
import { formatCell } from '../format';
import { usePanelContext } from '../components/context';
import { Button } from '../components/Button';
import { downloadFile } from '../components/download';
import { toCsvLine } from '../csv';

/** The data of a plot, row by row. */
export interface ITable {
  columns: readonly string[];
  length: number;
  row: (index: number) => readonly Cell[];
}

const PAGE = 100;

export function DataTable({ title, table }: { title: string; table: ITable }): ReactElement {
  const { trans } = usePanelContext();
  const [page, setPage] = useState(0);
  const pages = Math.max(1, Math.ceil(table.length / PAGE));
  const first = Math.min(page, pages - 1) * PAGE;
  const rows = Array.from({ length: Math.min(PAGE, table.length - first) }, (_, index) =>
    table.row(first + index)
  );
  const onExport = () => {
    const lines = Array.from({ length: table.length }, (_, index) => toCsvLine(table.row(index)));
    downloadFile(
      `${title}.csv`,
      new Blob([toCsvLine(table.columns), ...lines], { type: 'text/csv' })
    );
  };
  return (
    <div className="jp-wm-DataTable">
      <div className="jp-wm-DataTable-bar">
        {pages > 1 && (
          <>
            <Button
              label={trans.__('Previous')}
              disabled={page === 0}
              onClick={() => setPage(page - 1)}
            />
            <Button
              label={trans.__('Next')}
              disabled={page >= pages - 1}
              onClick={() => setPage(page + 1)}
            />
          </>
        )}
        <span role="status">
          {table.length === 0
            ? trans.__('no rows')
            : trans.__('rows %1 to %2 of %3', first + 1, first + rows.length, table.length)}
        </span>
        <Button
          label={trans.__('Export as CSV')}
          icon={downloadIcon}
          disabled={table.length === 0}
          onClick={onExport}
        />
      </div>
      <div className="jp-wm-DataTable-scroll">
        <table aria-label={title}>
          <thead>
            <tr>
              {table.columns.map(column => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((cells, index) => (
              <tr key={first + index}>
                {cells.map((cell, column) => (
                  <td
                    key={table.columns[column]}
                    data-numeric={typeof cell === 'number' || undefined}
                  >
                    {formatCell(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
