/** A plot with its title, the table behind it, and the way to save it as a picture. */

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
  /** What has to be known to read the plot. */
  note?: ReactNode;
  /** Further buttons. */
  actions?: ReactNode;
  /** Made only when somebody wants to see it. */
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
