/** A run by its number and color; a click opens its view. */

import type { ReactElement } from 'react';

import { runColor } from '../../colors';
import { usePanelContext } from '../../components/context';
import type { SweepModel } from '../../models/sweepModel';
import { Commands } from '../../tokens';

export function RunLink({
  sweep,
  row
}: {
  sweep: SweepModel;
  row: { id: string; number: number };
}): ReactElement {
  const { commands, trans } = usePanelContext();
  return (
    <button
      type="button"
      className="jp-wm-Link"
      data-sweep={sweep.id}
      data-run={row.id}
      onClick={() => void commands.execute(Commands.openRun, { sweep: sweep.id, run: row.id })}
      onPointerEnter={() => sweep.setFocus(row.id)}
      onPointerLeave={() => sweep.setFocus(null)}
    >
      <span className="jp-wm-Dot" style={{ background: runColor(row.number) }} />
      {trans.__('run %1', row.number)}
    </button>
  );
}
