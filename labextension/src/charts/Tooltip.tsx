/** The values at the pointer's position, beside the pointer. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../components/context';

export interface ITooltipRow {
  key: string;
  color: string | null;
  label: string;
  value: string;
  isHighlighted?: boolean;
}

const MAX_ROWS = 12;
const OFFSET = 14;

export function Tooltip({
  title,
  rows,
  left,
  top,
  width
}: {
  title: string;
  rows: readonly ITooltipRow[];
  left: number;
  top: number;
  /** The plot's width: the tooltip is placed on the side that has room. */
  width: number;
}): ReactElement {
  const { trans } = usePanelContext();
  const highlighted = rows.findIndex(row => row.isHighlighted);
  // Show the focused sample with its neighbors.
  const first = Math.max(
    0,
    Math.min(highlighted - Math.floor(MAX_ROWS / 2), rows.length - MAX_ROWS)
  );
  const visibleRows = rows.slice(first, first + MAX_ROWS);
  const style =
    left > width / 2 ? { right: width - left + OFFSET, top } : { left: left + OFFSET, top };
  return (
    <div className="jp-wm-Tooltip" style={style} aria-hidden="true">
      <div className="jp-wm-Tooltip-title">{title}</div>
      {first > 0 && <div className="jp-wm-Tooltip-more">{trans.__('%1 better', first)}</div>}
      {visibleRows.map(row => (
        <div
          key={row.key}
          className="jp-wm-Tooltip-row"
          data-strong={row.isHighlighted === true ? true : undefined}
        >
          {row.color !== null && <i style={{ background: row.color }} />}
          <span>{row.label}</span>
          <b>{row.value}</b>
        </div>
      ))}
      {first + MAX_ROWS < rows.length && (
        <div className="jp-wm-Tooltip-more">
          {trans.__('and %1 more', rows.length - first - MAX_ROWS)}
        </div>
      )}
    </div>
  );
}
