/** When, where and as which process a run was executed. */

import type { ReactElement } from 'react';

import { formatDuration, formatTime } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { CopyButton } from '../../../components/CopyButton';
import type { RunModel } from '../../../models/runModel';
import type { RunDetail } from '../../../api/schemas';

export function RunProperties({
  run,
  detail
}: {
  run: RunModel;
  detail: RunDetail;
}): ReactElement {
  const { trans } = usePanelContext();
  const { row, exit_code: code, folder, gpus, info } = detail;
  const text = (key: string) => {
    const value = info[key];
    return typeof value === 'string' ? value : '';
  };
  const duration =
    row.started !== null && row.ended !== null ? formatDuration(row.ended - row.started) : '';
  const properties: [string, string, boolean?][] = [
    [trans.__('Run ID'), run.id, true],
    [trans.__('Name'), row.name],
    [trans.__('Project'), text('project')],
    [trans.__('Job type'), text('job_type')],
    [trans.__('Machine'), row.host],
    [trans.__('GPUs'), gpus],
    [trans.__('Created'), formatTime(row.created)],
    [trans.__('Started'), row.started === null ? '' : formatTime(row.started)],
    [trans.__('Ended'), row.ended === null ? '' : formatTime(row.ended)],
    [trans.__('Duration'), duration],
    [trans.__('Exit code'), code === null ? '' : String(code)],
    [trans.__('Git commit'), text('git_commit'), true],
    [trans.__('Folder'), folder, true]
  ];
  return (
    <table className="jp-wm-PropertyTable">
      <tbody>
        {properties
          .filter(([, value]) => value !== '')
          .map(([name, value, isCopied]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className={isCopied ? 'jp-wm-Path' : undefined}>
                {value}{' '}
                {isCopied && <CopyButton text={value} label={trans.__('Copy: %1', name)} />}
              </td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
