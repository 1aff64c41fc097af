/** The best run with its parameters, ready to be copied. */

import type { ReactElement } from 'react';

import { formatCell, NONE } from '../../../format';
import { bestValue } from '../../../models/limits';
import { objectiveLabel } from '../../../models/objective';
import { usePanelContext } from '../../../components/context';
import { CommandButton } from '../../../components/Button';
import { flattenKeys } from '../../../models/columns';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import type { Best } from '../../../api/schemas';
import { RunLink } from '../RunLink';

export function BestRun({ sweep, best }: { sweep: SweepModel; best: Best }): ReactElement {
  const { trans } = usePanelContext();
  const args = { sweep: sweep.id };
  return (
    <>
      <p className="jp-wm-BestRun-value">
        <strong>{bestValue(best, 6)}</strong> {objectiveLabel(sweep.summary, trans)} ·{' '}
        <RunLink sweep={sweep} row={best} />
        {best.runs > 1 && ` ${trans._n('and %1 repeat', 'and %1 repeats', best.runs - 1)}`}
      </p>
      <table className="jp-wm-PropertyTable">
        <tbody>
          {flattenKeys(best.params).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{formatParameter(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="jp-wm-Buttons">
        <CommandButton command={Commands.copyBest} args={args} showLabel />
        <CommandButton command={Commands.insertBest} args={args} showLabel />
      </div>
    </>
  );
}

function formatParameter(value: unknown): string {
  return value === null
    ? NONE
    : typeof value === 'object'
      ? JSON.stringify(value)
      : formatCell(value as number | string | boolean, 6);
}
