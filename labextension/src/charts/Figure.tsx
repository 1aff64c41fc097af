/** A plot with its title, its data table, and buttons that export it. */

import { downloadIcon, tableRowsIcon } from '@jupyterlab/ui-components';
import { type ReactElement, type ReactNode, useRef, useState } from 'react';

import { usePanelContext } from '../components/context';
import { Button } from '../components/Button';
import { DataTable, type ITable } from './DataTable';
import { exportPng } from './exportPng';

export function Figure({
  title,
  note,
  actions,
  table,
  children
}: {
  title: string;
  /** What the reader must know to interpret the plot. */
  note?: ReactNode;
  /** Additional buttons. */
  actions?: ReactNode;
  /** Built only when the user opens it. */
  table: () => ITable;
  children: ReactNode;
}): ReactElement {
  const { trans } = usePanelContext();
  const ref = useRef<HTMLElement>(null);
  const [asTable, setAsTable] = useState(false);
  return (
    <section ref={ref} className="jp-wm-Figure" aria-label={title}>
      <header className="jp-wm-Figure-head">
        <h2 title={title}>{title}</h2>
        <span className="jp-wm-Figure-actions">
          {actions}
          <Button
            label={trans.__('Show as table')}
            icon={tableRowsIcon}
            isPressed={asTable}
            onClick={() => setAsTable(!asTable)}
          />
          <Button
            label={trans.__('Save as PNG')}
            icon={downloadIcon}
            disabled={asTable}
            onClick={() => ref.current && exportPng(ref.current, title)}
          />
        </span>
      </header>
      {note !== undefined && <p className="jp-wm-Figure-note">{note}</p>}
      {asTable ? <DataTable title={title} table={table()} /> : children}
    </section>
  );
}
