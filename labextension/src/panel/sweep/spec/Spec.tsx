/** What makes the sweep what it is: its config, its code, what went along, and where it runs. */

import { type ReactElement, type ReactNode, useId } from 'react';

import { formatSize, MISSING } from '../../../format';
import { useLab, useSignal } from '../../../lab';
import { Copy } from '../../../parts/Copy';
import { Skeleton } from '../../../parts/Notices';
import type { SweepDetail } from '../../../wire';
import type { ITabProps } from '../SweepView';

export function Spec({ sweep }: ITabProps): ReactElement | null {
  const { trans } = useLab();
  useSignal(sweep.changed);
  const { detail } = sweep;
  if (detail === null) {
    // The view above says why, if it failed.
    return sweep.problem === '' ? <Skeleton /> : null;
  }
  const code: Record<SweepDetail['kind'], string> = {
    cell: trans.__('Cell'),
    function: trans.__('Function'),
    command: trans.__('Command')
  };
  const cell = detail.kind === 'cell' && detail.line !== '';
  const whole = cell ? `${detail.line}\n${detail.code}` : detail.code;
  return (
    <div className="jp-wm-Spec">
      <Part title={trans.__('Sweep config')} copied={detail.yaml}>
        <pre>{detail.yaml}</pre>
      </Part>
      <Part title={code[detail.kind]} copied={whole || undefined}>
        {whole === '' ? (
          <p className="jp-wm-Quiet">{trans.__('The source of a function is not kept.')}</p>
        ) : (
          <pre>{whole}</pre>
        )}
      </Part>
      <Part title={trans.__('What went along')}>
        <Captured detail={detail} />
      </Part>
      <Part title={trans.__('Environment')}>
        <table className="jp-wm-Facts">
          <tbody>
            <tr>
              <th scope="row">{trans.__('Python')}</th>
              <td className="jp-wm-Path">
                {detail.python} <Copy text={detail.python} />
              </td>
            </tr>
            <tr>
              <th scope="row">{trans.__('Directory')}</th>
              <td className="jp-wm-Path">
                {detail.directory} <Copy text={detail.directory} />
              </td>
            </tr>
            {detail.notebook !== null && (
              <tr>
                <th scope="row">{trans.__('Notebook')}</th>
                <td className="jp-wm-Path">{detail.notebook}</td>
              </tr>
            )}
            {Object.entries(detail.options).map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{optionText(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Part>
    </div>
  );
}

function optionText(value: unknown): string {
  return value === null || value === ''
    ? MISSING
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
}

function Captured({ detail }: { detail: SweepDetail }): ReactElement {
  const { trans } = useLab();
  const { captured, imports } = detail;
  const total = captured.reduce((sum, { size }) => sum + size, 0);
  if (captured.length === 0 && imports.length === 0) {
    return <p className="jp-wm-Quiet">{trans.__('Nothing but the code.')}</p>;
  }
  return (
    <>
      {captured.length > 0 && (
        <table className="jp-wm-Facts">
          <thead>
            <tr>
              <th scope="col">{trans.__('Variable')}</th>
              <th scope="col">{trans.__('Kind')}</th>
              <th scope="col">{trans.__('Size')}</th>
            </tr>
          </thead>
          <tbody>
            {[...captured]
              .sort((one, other) => other.size - one.size)
              .map(({ name, kind, size }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>{kind}</td>
                  <td className="jp-wm-mod-number">{formatSize(size)}</td>
                </tr>
              ))}
          </tbody>
          {captured.length > 1 && (
            <tfoot>
              <tr>
                <th scope="row">{trans.__('All')}</th>
                <td />
                <td className="jp-wm-mod-number">{formatSize(total)}</td>
              </tr>
            </tfoot>
          )}
        </table>
      )}
      {imports.length > 0 && (
        <p>
          {trans.__('Imports:')} <code>{imports.join(', ')}</code>
        </p>
      )}
    </>
  );
}

function Part({
  title,
  copied,
  children
}: {
  title: string;
  copied?: string;
  children: ReactNode;
}): ReactElement {
  const { trans } = useLab();
  const id = useId();
  return (
    <section className="jp-wm-Part" aria-labelledby={id}>
      <div className="jp-wm-Part-head">
        <h2 id={id}>{title}</h2>
        {copied !== undefined && <Copy text={copied} label={trans.__('Copy: %1', title)} />}
      </div>
      {children}
    </section>
  );
}
