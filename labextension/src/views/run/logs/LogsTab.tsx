/** Everything that a run printed, before and after `wandb.init` alike. */

import { downloadIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect } from 'react';

import { formatSize } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { Button } from '../../../components/Button';
import { EmptyState, ErrorMessage, Skeleton } from '../../../components/Placeholders';
import { useVisible } from '../../../components/viewContext';
import type { IRunTabProps } from '../tabProps';
import { LogView } from './LogView';
import { LogSearchBox } from './LogSearchBox';

export function LogsTab({ run }: IRunTabProps): ReactElement {
  const { trans } = usePanelContext();
  const { log, row, sweep } = run;
  const visible = useVisible();
  useSignal(log.changed, log.scrolled, run.changed, sweep.viewStateChanged);
  useEffect(() => {
    const subscription = visible ? log.follow() : null;
    return () => subscription?.dispose();
  }, [log, visible]);
  const { wrap } = sweep.settings('logs', { wrap: true });
  const { problem, total } = log;
  return (
    <div className="jp-wm-Logs">
      <div className="jp-wm-LogBar" role="toolbar" aria-label={trans.__('Output of the run')}>
        <LogSearchBox log={log} />
        <Button
          label={trans.__('Wrap')}
          showLabel
          title={trans.__('Wrap long lines')}
          isPressed={wrap}
          onClick={() => sweep.saveSettings('logs', { wrap: !wrap })}
        />
        <a
          className="jp-wm-Button"
          href={log.url}
          download={`${run.id}.log`}
          title={trans.__('Download the full output')}
        >
          <downloadIcon.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" />
          {trans.__('Download')}
        </a>
        <span className="jp-wm-LogBar-note" role="status">
          {log.isReady &&
            `${trans._n('%2 line', '%2 lines', total, total.toLocaleString())} · ${formatSize(log.size)}`}
        </span>
      </div>
      {problem !== '' && <ErrorMessage message={problem} onRetry={() => log.retry()} />}
      {!log.isReady ? (
        problem === '' && <Skeleton lines={12} />
      ) : total === 0 ? (
        <EmptyState>
          {log.isEnded
            ? trans.__('The run printed no output.')
            : row?.state === 'pending'
              ? trans.__('The run has not started yet; its output will appear here.')
              : trans.__('The run has not printed any output yet.')}
        </EmptyState>
      ) : (
        <div className="jp-wm-LogView">
          <LogView log={log} wrap={wrap} />
          {log.scrollPosition !== null && (
            <Button
              className="jp-wm-LogScrollToEnd"
              label={
                log.unseenCount > 0
                  ? trans._n(
                      'Jump to end: %2 new line',
                      'Jump to end: %2 new lines',
                      log.unseenCount,
                      log.unseenCount.toLocaleString()
                    )
                  : trans.__('Jump to end')
              }
              onClick={() => log.scrollTo(null)}
            />
          )}
        </div>
      )}
    </div>
  );
}
