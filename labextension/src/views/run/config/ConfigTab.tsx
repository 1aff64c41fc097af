/** The run's inputs and results: its config, its summary, and its properties. */

import { type ReactElement, type ReactNode, useId, useMemo, useState } from 'react';

import { usePanelContext } from '../../../components/context';
import { CopyButton } from '../../../components/CopyButton';
import { Skeleton } from '../../../components/Placeholders';
import { SearchBox } from '../../../components/SearchBox';
import type { IRunTabProps } from '../tabProps';
import { RunProperties } from './RunProperties';
import { toNodes } from './jsonNodes';
import { JsonTree } from './JsonTree';

export function ConfigTab({ run }: IRunTabProps): ReactElement {
  const { trans } = usePanelContext();
  const [text, setText] = useState('');
  const { detail } = run;
  if (detail === null) {
    return <Skeleton />;
  }
  return (
    <div className="jp-wm-Config">
      <div className="jp-wm-Config-bar">
        <SearchBox
          label={trans.__('Search config and summary')}
          placeholder={trans.__('Search names and values…')}
          value={text}
          onChange={setText}
        />
      </div>
      <JsonSection
        title={trans.__('Config')}
        none={trans.__('The run has not set a config yet.')}
        document={detail.config}
        text={text}
      />
      <JsonSection
        title={trans.__('Summary')}
        none={trans.__('The run has not logged anything yet.')}
        document={detail.summary}
        text={text}
      />
      <Section title={trans.__('About the run')}>
        <RunProperties run={run} detail={detail} />
      </Section>
    </div>
  );
}

function JsonSection({
  title,
  none,
  document,
  text
}: {
  title: string;
  none: string;
  document: Record<string, unknown>;
  text: string;
}): ReactElement {
  const { trans } = usePanelContext();
  const nodes = useMemo(() => toNodes(document, text), [document, text]);
  const isEmpty = Object.keys(document).length === 0;
  return (
    <Section title={title} copied={isEmpty ? undefined : () => JSON.stringify(document, null, 2)}>
      {nodes.length === 0 ? (
        <p className="jp-wm-Muted">{isEmpty ? none : trans.__('No matches.')}</p>
      ) : (
        <JsonTree key={text} nodes={nodes} open={text.trim() !== ''} />
      )}
    </Section>
  );
}

function Section({
  title,
  copied,
  children
}: {
  title: string;
  copied?: () => string;
  children: ReactNode;
}): ReactElement {
  const { trans } = usePanelContext();
  const id = useId();
  return (
    <section className="jp-wm-Section" aria-labelledby={id}>
      <div className="jp-wm-Section-head">
        <h2 id={id}>{title}</h2>
        {copied !== undefined && (
          <CopyButton text={copied} label={trans.__('Copy as JSON: %1', title)} />
        )}
      </div>
      {children}
    </section>
  );
}
