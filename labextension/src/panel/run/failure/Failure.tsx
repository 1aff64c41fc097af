/** Why a run failed: its traceback, and the lines of the cell that it went through. */

import { notebookIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Copy } from '../../../parts/Copy';
import { Commands } from '../../../tokens';
import type { SweepDetail } from '../../../wire';
import { plainText } from '../logs/ansi';
import type { IRunTabProps } from '../RunView';
import { excerpt, linesOf, partsOf } from './traceback';

const AROUND = 6;

export function Failure({ run }: IRunTabProps): ReactElement {
  const { trans } = useLab();
  const { sweep } = run;
  const { detail } = sweep;
  const error = (run.detail?.error ?? '').split('\n').map(plainText).join('\n');
  const parts = partsOf(error, {
    cell: `${sweep.summary?.folder ?? ''}/bundle/cell.py`,
    directory: detail?.directory ?? ''
  });
  const lines = linesOf(parts);
  const code = detail === null ? '' : cellOf(detail);
  const last = lines.at(-1);
  return (
    <div className="jp-wm-Failure">
      <section className="jp-wm-Part" aria-label={trans.__('Traceback')}>
        <div className="jp-wm-Part-head">
          <h2>{trans.__('Traceback')}</h2>
          <Copy text={error} label={trans.__('Copy the traceback')} />
        </div>
        <div className="jp-wm-Traceback">
          {parts.map(({ text, line, own }, index) => (
            <div key={index} data-own={own || undefined}>
              <pre>{text}</pre>
              {line !== null && detail !== null && (
                <ToNotebook detail={detail} line={line} code={code} />
              )}
            </div>
          ))}
        </div>
      </section>
      {last !== undefined && code !== '' && (
        <section className="jp-wm-Part" aria-label={trans.__('In the cell')}>
          <h2>{trans.__('In the cell')}</h2>
          <div className="jp-wm-Excerpt">
            {excerpt(code, last, AROUND).map(({ number, text }) => (
              <div key={number} data-marked={lines.includes(number) || undefined}>
                <span className="jp-wm-Excerpt-number">{number}</span>
                <pre>{text}</pre>
              </div>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}

/** Goes to a line of the cell, if it is known in which notebook that is. */
function ToNotebook({
  detail,
  line,
  code
}: {
  detail: SweepDetail;
  line: number;
  code: string;
}): ReactElement | null {
  const { commands, trans } = useLab();
  const { notebook: path } = detail;
  return path === null ? null : (
    <Button
      label={trans.__('Line %1 in the notebook', line)}
      icon={notebookIcon}
      word
      title={path}
      onClick={() => void commands.execute(Commands.openNotebook, { path, text: code, line })}
    />
  );
}

/** The whole cell, so that the numbers of its lines are those of the traceback. */
function cellOf({ kind, line, code }: SweepDetail): string {
  return kind === 'cell' && line !== '' ? `${line}\n${code}` : '';
}
