/** The best run, and the most recently started ones. */

import { type ReactElement, useEffect, useState } from 'react';

import { formatCell, formatDuration, formatNumber, NONE } from '../../format';
import { flattenKeys, toCell } from '../../models/columns';
import { HiddenEnd } from '../../components/HiddenEnd';
import { hiddenEnd } from '../../models/objective';
import { usePanelContext } from '../../components/context';
import { RecentRunsModel } from '../../models/recentRunsModel';
import { StateLabel } from '../../components/StateLabel';
import { useNow } from '../../components/useNow';
import { Commands } from '../../tokens';
import { isAlive } from '../../models/capabilities';
import type { RunRow } from '../../api/schemas';

/** Including the best one. */
const MAX_RUNS = 5;

/** Follows them only while visible; runs already shown stay. */
export function RecentRuns({
  sweep,
  looking
}: {
  sweep: string;
  looking: boolean;
}): ReactElement | null {
  const { model, trans } = usePanelContext();
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
  const best = model.summary(sweep)?.best ?? null;
  const isBestNew = best === null || rows.some(({ id }) => id === best.id);
  return (
    <table className="jp-wm-SweepCell-runs" aria-label={trans.__('The best and the newest runs')}>
      <tbody>
        {!isBestNew && (
          <tr data-sweep={sweep} data-run={best.id}>
            <td>
              <RunButton sweep={sweep} run={best} />
            </td>
            <td>
              <BestMark />
            </td>
            <td className="jp-wm-mod-number">{formatNumber(best.value)}</td>
            <td />
            <td className="jp-wm-SweepCell-params" title={paramsOf(best).join('\n')}>
              {paramsOf(best).join(', ')}
            </td>
          </tr>
        )}
        {rows.slice(0, isBestNew ? MAX_RUNS : MAX_RUNS - 1).map(row => (
          <tr key={row.id} data-sweep={sweep} data-run={row.id}>
            <td>
              <RunButton sweep={sweep} run={row} />
            </td>
            <td title={row.cause}>
              <StateLabel state={row.state} />
              {row.id === best?.id && <BestMark />}
            </td>
            <td className="jp-wm-mod-number">
              {formatNumber(row.value)}
              <HiddenEnd text={hiddenEnd(row, model.summary(sweep))} />
            </td>
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

function RunButton({
  sweep,
  run
}: {
  sweep: string;
  run: { id: string; number: number };
}): ReactElement {
  const { commands, trans } = usePanelContext();
  return (
    <button
      type="button"
      className="jp-wm-Link"
      onClick={() => void commands.execute(Commands.openRun, { sweep, run: run.id })}
    >
      {trans.__('run %1', run.number)}
    </button>
  );
}

function BestMark(): ReactElement {
  const { trans } = usePanelContext();
  return <span className="jp-wm-Best"> {trans.__('★ best')}</span>;
}

function paramsOf({ params }: Pick<RunRow, 'params'>): string[] {
  return flattenKeys(params).map(
    ([key, value]) => `${key}=${value === null ? NONE : formatCell(toCell(value))}`
  );
}
