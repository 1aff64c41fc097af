/** What a plot says of the place that the pointer is at, beside the pointer. */

import type { ReactElement } from 'react';

import { useLab } from '../lab';

export interface IReadoutRow {
  key: string;
  colour: string | null;
  label: string;
  value: string;
  strong?: boolean;
}

const MOST = 12;
const AWAY = 14;

export function Readout({
  title,
  rows,
  left,
  top,
  width
}: {
  title: string;
  rows: readonly IReadoutRow[];
  left: number;
  top: number;
  /** The plot's width: the readout stands where it has room. */
  width: number;
}): ReactElement {
  const { trans } = useLab();
  const strong = rows.findIndex(row => row.strong);
  // The one in question is shown with its neighbours.
  const first = Math.max(0, Math.min(strong - Math.floor(MOST / 2), rows.length - MOST));
  const shown = rows.slice(first, first + MOST);
  const style =
    left > width / 2 ? { right: width - left + AWAY, top } : { left: left + AWAY, top };
  return (
    <div className="jp-wm-Readout" style={style} aria-hidden="true">
      <div className="jp-wm-Readout-title">{title}</div>
      {first > 0 && <div className="jp-wm-Readout-more">{trans.__('%1 better ones', first)}</div>}
      {shown.map(row => (
        <div
          key={row.key}
          className="jp-wm-Readout-row"
          data-strong={row.strong === true ? true : undefined}
        >
          {row.colour !== null && <i style={{ background: row.colour }} />}
          <span>{row.label}</span>
          <b>{row.value}</b>
        </div>
      ))}
      {first + MOST < rows.length && (
        <div className="jp-wm-Readout-more">
          {trans.__('and %1 more', rows.length - first - MOST)}
        </div>
      )}
    </div>
  );
}
