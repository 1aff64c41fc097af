/** Why a run failed: its traceback, and the lines of the cell that occur in it. */

import { bugIcon, notebookIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { CopyButton } from '../../../components/CopyButton';
import { Commands } from '../../../tokens';
import type { SweepDetail } from '../../../api/schemas';
import { plainText } from '../logs/ansi';
import type { IRunTabProps } from '../tabProps';
import { codeExcerpt, cellLines, parseTraceback } from './traceback';

const CONTEXT_LINES = 6;

export function FailureTab({ run }: IRunTabProps): ReactElement {
  const { commands, trans } = usePanelContext();
  const { sweep } = run;
  const number = run.detail?.row.number;
  const { detail } = sweep;
  const error = (run.detail?.error ?? '').split('\n').map(plainText).join('\n');
  const parts = parseTraceback(error, {
    cell: `${sweep.summary?.folder ?? ''}/bundle/cell.py`,
    directory: detail?.directory ?? ''
  });
  const lines = cellLines(parts);
  const code = detail === null ? '' : cellOf(detail);
  const last = lines.at(-1);
  return (
    <div className="jp-wm-Failure">
      <section className="jp-wm-Section" aria-label={trans.__('Traceback')}>
        <div className="jp-wm-Section-head">
          <h2>{trans.__('Traceback')}</h2>
          <div className="jp-wm-Buttons">
            <CopyButton text={error} label={trans.__('Copy the traceback')} />
            {number !== undefined && (
              <Button
                label={trans.__('Debug')}
                icon={bugIcon}
                showLabel
                title={commands.caption(Commands.debugRun)}
                onClick={() =>
                  void commands.execute(Commands.debugRun, {
                    sweep: sweep.id,
                    number,
                    path: detail?.notebook ?? null
                  })
                }
              />
            )}
          </div>
        </div>
        <div className="jp-wm-Traceback">
          {parts.map(({ text, line, isUserCode }, index) => (
            <div key={index} data-own={isUserCode || undefined}>
              <pre>{text}</pre>
              {line !== null && detail !== null && (
                <NotebookLink detail={detail} line={line} code={code} />
              )}
            </div>
          ))}
        </div>
      </section>
      {last !== undefined && code !== '' && (
        <section className="jp-wm-Section" aria-label={trans.__('In the cell')}>
          <h2>{trans.__('In the cell')}</h2>
          <div className="jp-wm-CodeExcerpt">
            {codeExcerpt(code, last, CONTEXT_LINES).map(({ number, text }) => (
              <div key={number} data-marked={lines.includes(number) || undefined}>
                <span className="jp-wm-CodeExcerpt-number">{number}</span>
                <pre>{text}</pre>
              </div>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}

/** Opens a line of the cell, if its notebook is known. */
function NotebookLink({
  detail,
  line,
  code
}: {
  detail: SweepDetail;
  line: number;
  code: string;
}): ReactElement | null {
  const { commands, trans } = usePanelContext();
  const { notebook: path } = detail;
  return path === null ? null : (
    <Button
      label={trans.__('Line %1 in the notebook', line)}
      icon={notebookIcon}
      showLabel
      title={path}
      onClick={() => void commands.execute(Commands.openNotebook, { path, text: code, line })}
    />
  );
}

/** The whole cell, so that its line numbers are those of the traceback. */
function cellOf({ kind, line, code }: SweepDetail): string {
  return kind === 'cell' && line !== '' ? `${line}\n${code}` : '';
}
