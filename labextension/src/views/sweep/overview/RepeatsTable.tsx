/** The best sets of parameters of a sweep with repeats: the mean of each, its spread, and its runs. */

import { type ReactElement, useMemo } from 'react';

import { usePanelContext } from '../../../components/context';
import { digitsFor, formatNumber, MISSING } from '../../../format';
import { rankedSets } from '../../../models/repeats';
import type { SweepModel } from '../../../models/sweepModel';
import { RunLink } from '../RunLink';

const MAX_SETS = 8;

export function RepeatsTable({
  sweep,
  repeat,
  maximize
}: {
  sweep: SweepModel;
  repeat: number;
  maximize: boolean;
}): ReactElement {
  const { trans } = usePanelContext();
  const { rows } = sweep;
  const sets = useMemo(() => rankedSets(rows, repeat, maximize), [rows, repeat, maximize]);
  if (sets.length === 0) {
    return <p className="jp-wm-Muted">{trans.__('No runs logged the objective yet.')}</p>;
  }
  const means = sets.map(({ mean }) => mean);
  const digits = digitsFor(Math.min(...means), Math.max(...means));
  return (
    <>
      <table className="jp-wm-PropertyTable">
        <thead>
          <tr>
            <th scope="col">{trans.__('Mean')}</th>
            <th scope="col">{trans.__('SD')}</th>
            <th scope="col">{trans.__('Runs')}</th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          {sets.slice(0, MAX_SETS).map(set => (
            <tr key={set.rows[0].repeat_group} className={set.isComplete ? '' : 'jp-wm-Muted'}>
              <td className="jp-wm-mod-number">{formatNumber(set.mean, digits)}</td>
              <td className="jp-wm-mod-number">
                {set.sd === null ? MISSING : `± ${formatNumber(set.sd, 2)}`}
              </td>
              <td>{trans.__('%1 of %2', set.count, repeat)}</td>
              <td className="jp-wm-RunLinks">
                {set.rows.map(row => (
                  <RunLink key={row.id} sweep={sweep} row={row} />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {sets[0].isComplete && sets.some(({ isComplete }) => !isComplete) && (
        <p className="jp-wm-Muted">
          {trans.__(
            'Sets that lack runs, because they are worse or not finished, are not ranked.'
          )}
        </p>
      )}
      {sets.length > MAX_SETS && (
        <p className="jp-wm-Muted">{trans.__('and %1 more', sets.length - MAX_SETS)}</p>
      )}
    </>
  );
}
