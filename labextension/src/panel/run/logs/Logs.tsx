/** What a run printed, from its first to its last line, before and after `wandb.init` alike. */

import { downloadIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect } from 'react';

import { formatSize } from '../../../format';
import { useLab, useSignal } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Empty, Problem, Skeleton } from '../../../parts/Notices';
import { useVisible } from '../../widget';
import type { IRunTabProps } from '../RunView';
import { Lines } from './Lines';
import { Search } from './Search';

export function Logs({ run }: IRunTabProps): ReactElement {
  const { trans } = useLab();
  const { log, row, sweep } = run;
  const visible = useVisible();
  useSignal(log.changed, log.moved, run.changed, sweep.chosen);
  useEffect(() => {
    const following = visible ? log.follow() : null;
    return () => following?.dispose();
  }, [log, visible]);
  const { wrap } = sweep.settings('logs', { wrap: true });
  const { problem, total } = log;
  return (
    <div className="jp-wm-Logs">
      <div className="jp-wm-LogBar" role="toolbar" aria-label={trans.__('Output of the run')}>
        <Search log={log} />
        <Button
          label={trans.__('Wrap')}
          word
          title={trans.__('Break lines that are longer than the view is wide')}
          pressed={wrap}
          onClick={() => sweep.remember('logs', { wrap: !wrap })}
        />
        <a
          className="jp-wm-Button"
          href={log.url}
          download={`${run.id}.log`}
          title={trans.__('Download the whole output')}
        >
          <downloadIcon.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" />
          {trans.__('Download')}
        </a>
        <span className="jp-wm-LogBar-note" role="status">
          {log.ready &&
            `${trans._n('%2 line', '%2 lines', total, total.toLocaleString())} · ${formatSize(log.size)}`}
        </span>
      </div>
      {problem !== '' && <Problem message={problem} onRetry={() => log.retry()} />}
      {!log.ready ? (
        problem === '' && <Skeleton lines={12} />
      ) : total === 0 ? (
        <Empty>
          {log.ended
            ? trans.__('The run printed nothing.')
            : row?.state === 'pending'
              ? trans.__('The run has not begun yet; what it prints will show up here.')
              : trans.__('The run has printed nothing yet.')}
        </Empty>
      ) : (
        <div className="jp-wm-LogBody">
          <Lines log={log} wrap={wrap} />
          {log.place !== null && (
            <Button
              className="jp-wm-LogJump"
              label={
                log.unseen > 0
                  ? trans._n(
                      'Jump to end: %2 new line',
                      'Jump to end: %2 new lines',
                      log.unseen,
                      log.unseen.toLocaleString()
                    )
                  : trans.__('Jump to end')
              }
              onClick={() => log.move(null)}
            />
          )}
        </div>
      )}
    </div>
  );
}
