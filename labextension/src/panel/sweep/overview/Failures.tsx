/** What went wrong, each kind once, with the runs to which it happened. */

import type { ReactElement } from 'react';

import { NO_FILTER } from '../../../columns';
import { useLab } from '../../../lab';
import { Button, CommandButton } from '../../../parts/Button';
import type { SweepModel } from '../../../sweep';
import { Commands } from '../../../tokens';
import type { IFailure } from './grouping';
import { RunLink } from './RunLink';

const NAMED = 5;
const MOST = 20;

export function Failures({
  sweep,
  failures
}: {
  sweep: SweepModel;
  failures: readonly IFailure[];
}): ReactElement {
  const { trans } = useLab();
  return (
    <>
      <ul className="jp-wm-Failures">
        {failures.slice(0, MOST).map(({ message, runs }) => (
          <li key={runs[0].id}>
            <code>{message}</code>
            <div className="jp-wm-Buttons">
              {runs.slice(-NAMED).map(row => (
                <RunLink key={row.id} sweep={sweep} row={row} />
              ))}
              {runs.length > 1 && (
                <Button
                  label={trans.__('All %1 in the table', runs.length)}
                  onClick={() => {
                    sweep.choose({ filter: NO_FILTER, selection: runs.map(row => row.id) });
                    sweep.remember('view', { tab: 'runs' });
                  }}
                />
              )}
            </div>
          </li>
        ))}
        {failures.length > MOST && (
          <li>{trans.__('and %1 other messages', failures.length - MOST)}</li>
        )}
      </ul>
      <CommandButton command={Commands.rerunFailed} args={{ sweep: sweep.id }} word />
    </>
  );
}
