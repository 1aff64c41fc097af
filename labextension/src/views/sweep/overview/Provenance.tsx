/** The origin of the sweep: its command, notebook, start time and folder. */

import type { ReactElement } from 'react';

import { formatAgo, formatDuration, formatTime } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { CopyButton } from '../../../components/CopyButton';
import { useNow } from '../../../components/useNow';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';

export function Provenance({ sweep }: { sweep: SweepModel }): ReactElement | null {
  const { commands, trans } = usePanelContext();
  const now = useNow();
  const { detail, summary } = sweep;
  if (summary === undefined) {
    return null;
  }
  const { started, finished } = summary;
  const notebook = detail?.notebook ?? null;
  return (
    <>
      {detail !== null && detail.line !== '' && (
        <div className="jp-wm-CodeLine">
          <code>{detail.line}</code>
          <CopyButton text={detail.line} />
        </div>
      )}
      <table className="jp-wm-PropertyTable">
        <tbody>
          <tr>
            <th scope="row">{trans.__('Started')}</th>
            <td title={formatTime(started ?? summary.created)}>
              {formatAgo(started ?? summary.created, now)}
            </td>
          </tr>
          {started !== null && (
            <tr>
              <th scope="row">{finished === null ? trans.__('For') : trans.__('Duration')}</th>
              <td>{formatDuration((finished ?? now) - started)}</td>
            </tr>
          )}
          {notebook !== null && (
            <tr>
              <th scope="row">{trans.__('Notebook')}</th>
              <td>
                <button
                  type="button"
                  className="jp-wm-Link"
                  onClick={() =>
                    void commands.execute(Commands.openNotebook, {
                      sweep: sweep.id,
                      path: notebook
                    })
                  }
                >
                  {notebook}
                </button>
              </td>
            </tr>
          )}
          <tr>
            <th scope="row">{trans.__('Project')}</th>
            <td>{[summary.entity, summary.project].filter(Boolean).join('/')}</td>
          </tr>
          <tr>
            <th scope="row">{trans.__('Folder')}</th>
            <td className="jp-wm-Path">
              {summary.folder}{' '}
              <CopyButton text={summary.folder} label={trans.__('Copy the path')} />
            </td>
          </tr>
        </tbody>
      </table>
    </>
  );
}
