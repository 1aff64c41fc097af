/** The most recently started runs. */

import { type ReactElement, useEffect, useState } from 'react';

import { formatCell, formatDuration, formatNumber } from '../../format';
import { usePanelContext } from '../../components/context';
import { RecentRunsModel } from '../../models/recentRunsModel';
import { StateLabel } from '../../components/StateLabel';
import { useNow } from '../../components/useNow';
import { Commands } from '../../tokens';
import { isAlive } from '../../models/capabilities';
import type { RunRow } from '../../api/schemas';

const MAX_RUNS = 5;

/** Follows them only while visible; runs already shown stay. */
export function RecentRuns({
  sweep,
  looking
}: {
  sweep: string;
  looking: boolean;
}): ReactElement | null {
  const { commands, model, trans } = usePanelContext();
  const [rows, setRows] = useState<readonly RunRow[]>([]);
  useEffect(() => {
    if (looking) {
      const recentRuns = new RecentRunsModel(model, sweep, MAX_RUNS);
      recentRuns.changed.connect(() => setRows(recentRuns.rows));
      return () => recentRuns.dispose();
    }
    return undefined;
  }, [model, sweep, looking]);
  const now = useNow(looking && rows.some(({ state }) => isAlive(state)));
  if (rows.length === 0) {
    return null;
  }
  return (
    <table className="jp-wm-SweepCell-runs" aria-label={trans.__('Newest runs')}>
      <tbody>
        {rows.map(row => (
          <tr key={row.id} data-sweep={sweep} data-run={row.id}>
            <td>
              <button
                type="button"
                className="jp-wm-Link"
                onClick={() => void commands.execute(Commands.openRun, { sweep, run: row.id })}
              >
                {trans.__('run %1', row.number)}
              </button>
            </td>
            <td title={row.cause}>
              <StateLabel state={row.state} />
            </td>
            <td className="jp-wm-mod-number">{formatNumber(row.value)}</td>
            <td className="jp-wm-mod-number">
              {row.started === null
                ? ''
                : formatDuration(Math.round((row.ended ?? now) - row.started))}
            </td>
            <td className="jp-wm-SweepCell-params" title={paramsOf(row).join('\n')}>
              {row.failure || paramsOf(row).join(', ')}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function paramsOf({ params }: RunRow): string[] {
  return Object.entries(params).map(
    ([key, value]) => `${key}=${formatCell(value as number | string | boolean | null)}`
  );
}
