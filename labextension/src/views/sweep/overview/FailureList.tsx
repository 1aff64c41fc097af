/** Each kind of failure once, with the runs in which it occurred. */

import type { ReactElement } from 'react';

import { NO_FILTER } from '../../../models/columns';
import { usePanelContext } from '../../../components/context';
import { Button, CommandButton } from '../../../components/Button';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import type { IFailureGroup } from './failureGroups';
import { RunLink } from '../RunLink';

const MAX_LINKS = 5;
const MAX_GROUPS = 20;

export function FailureList({
  sweep,
  failures
}: {
  sweep: SweepModel;
  failures: readonly IFailureGroup[];
}): ReactElement {
  const { trans } = usePanelContext();
  return (
    <>
      <ul className="jp-wm-FailureList">
        {failures.slice(0, MAX_GROUPS).map(({ message, runs }) => (
          <li key={runs[0].id}>
            <code>{message}</code>
            <div className="jp-wm-Buttons">
              {runs.slice(-MAX_LINKS).map(row => (
                <RunLink key={row.id} sweep={sweep} row={row} />
              ))}
              {runs.length > 1 && (
                <Button
                  label={trans.__('All %1 in the table', runs.length)}
                  onClick={() => {
                    sweep.setViewState({ filter: NO_FILTER, selection: runs.map(row => row.id) });
                    sweep.saveSettings('view', { tab: 'runs' });
                  }}
                />
              )}
            </div>
          </li>
        ))}
        {failures.length > MAX_GROUPS && (
          <li>{trans.__('and %1 other messages', failures.length - MAX_GROUPS)}</li>
        )}
      </ul>
      <CommandButton command={Commands.rerunFailed} args={{ sweep: sweep.id }} showLabel />
    </>
  );
}
