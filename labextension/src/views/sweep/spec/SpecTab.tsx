/** The definition of the sweep: its config, its code, its captured variables, and where it runs. */

import { type ReactElement, type ReactNode, useId } from 'react';

import { formatSize, MISSING } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { CopyButton } from '../../../components/CopyButton';
import { Skeleton } from '../../../components/Placeholders';
import type { SweepDetail } from '../../../api/schemas';
import type { ITabProps } from '../tabProps';

export function SpecTab({ sweep }: ITabProps): ReactElement | null {
  const { trans } = usePanelContext();
  useSignal(sweep.changed);
  const { detail } = sweep;
  if (detail === null) {
    // If it failed, the view above shows why.
    return sweep.problem === '' ? <Skeleton /> : null;
  }
  const code: Record<SweepDetail['kind'], string> = {
    cell: trans.__('Cell'),
    function: trans.__('Function'),
    command: trans.__('Command')
  };
  const cell = detail.kind === 'cell' && detail.line !== '';
  const source = cell ? `${detail.line}\n${detail.code}` : detail.code;
  return (
    <div className="jp-wm-Spec">
      <Section title={trans.__('Sweep config')} copied={detail.yaml}>
        <pre>{detail.yaml}</pre>
      </Section>
      <Section title={code[detail.kind]} copied={source || undefined}>
        {source === '' ? (
          <p className="jp-wm-Muted">{trans.__('The text of this function is not known.')}</p>
        ) : (
          <pre>{source}</pre>
        )}
      </Section>
      <Section title={trans.__('Captured variables')}>
        <CapturedTable detail={detail} />
      </Section>
      <Section title={trans.__('Environment')}>
        <table className="jp-wm-PropertyTable">
          <tbody>
            <tr>
              <th scope="row">{trans.__('Python')}</th>
              <td className="jp-wm-Path">
                {detail.python} <CopyButton text={detail.python} />
              </td>
            </tr>
            <tr>
              <th scope="row">{trans.__('Directory')}</th>
              <td className="jp-wm-Path">
                {detail.directory} <CopyButton text={detail.directory} />
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
      </Section>
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

function CapturedTable({ detail }: { detail: SweepDetail }): ReactElement {
  const { trans } = usePanelContext();
  const { captured, imports } = detail;
  const total = captured.reduce((sum, { size }) => sum + size, 0);
  if (captured.length === 0 && imports.length === 0) {
    return <p className="jp-wm-Muted">{trans.__('Only the code.')}</p>;
  }
  return (
    <>
      {captured.length > 0 && (
        <table className="jp-wm-PropertyTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Variable')}</th>
              <th scope="col">{trans.__('Kind')}</th>
              <th scope="col">{trans.__('Size')}</th>
            </tr>
          </thead>
          <tbody>
            {[...captured]
              .sort((a, b) => b.size - a.size)
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

function Section({
  title,
  copied,
  children
}: {
  title: string;
  copied?: string;
  children: ReactNode;
}): ReactElement {
  const { trans } = usePanelContext();
  const id = useId();
  return (
    <section className="jp-wm-Section" aria-labelledby={id}>
      <div className="jp-wm-Section-head">
        <h2 id={id}>{title}</h2>
        {copied !== undefined && <CopyButton text={copied} label={trans.__('Copy: %1', title)} />}
      </div>
      {children}
    </section>
  );
}
