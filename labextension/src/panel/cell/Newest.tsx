/** The runs that began last. */

import { type ReactElement, useEffect, useState } from 'react';

import { formatCell, formatDuration, formatNumber } from '../../format';
import { useLab } from '../../lab';
import { NewestRuns } from '../../newest';
import { State } from '../../parts/State';
import { useNow } from '../../parts/useNow';
import { Commands } from '../../tokens';
import { isAlive } from '../../verbs';
import type { RunRow } from '../../wire';

const MOST = 5;

/** They are followed only while somebody looks; what was seen stays. */
export function Newest({
  sweep,
  looking
}: {
  sweep: string;
  looking: boolean;
}): ReactElement | null {
  const { commands, model, trans } = useLab();
  const [rows, setRows] = useState<readonly RunRow[]>([]);
  useEffect(() => {
    if (looking) {
      const newest = new NewestRuns(model, sweep, MOST);
      newest.changed.connect(() => setRows(newest.rows));
      return () => newest.dispose();
    }
    return undefined;
  }, [model, sweep, looking]);
  const now = useNow(looking && rows.some(({ state }) => isAlive(state)));
  if (rows.length === 0) {
    return null;
  }
  return (
    <table className="jp-wm-InCell-runs" aria-label={trans.__('Newest runs')}>
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
              <State state={row.state} />
            </td>
            <td className="jp-wm-mod-number">{formatNumber(row.value)}</td>
            <td className="jp-wm-mod-number">
              {row.started === null
                ? ''
                : formatDuration(Math.round((row.ended ?? now) - row.started))}
            </td>
            <td className="jp-wm-InCell-params" title={paramsOf(row).join('\n')}>
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
