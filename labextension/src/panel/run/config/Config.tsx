/** What the run was given and what came out: its config, its summary, and the facts about it. */

import { type ReactElement, type ReactNode, useId, useMemo, useState } from 'react';

import { useLab } from '../../../lab';
import { Copy } from '../../../parts/Copy';
import { Skeleton } from '../../../parts/Notices';
import type { IRunTabProps } from '../RunView';
import { Facts } from './Facts';
import { nodesOf } from './nodes';
import { Tree } from './Tree';

export function Config({ run }: IRunTabProps): ReactElement {
  const { trans } = useLab();
  const [text, setText] = useState('');
  const { detail } = run;
  if (detail === null) {
    return <Skeleton />;
  }
  return (
    <div className="jp-wm-Config">
      <div className="jp-wm-Config-bar">
        <input
          type="search"
          className="jp-wm-Input"
          placeholder={trans.__('Search names and values…')}
          aria-label={trans.__('Search config and summary')}
          value={text}
          onChange={event => setText(event.target.value)}
        />
      </div>
      <Document
        title={trans.__('Config')}
        none={trans.__('The run has set no config yet.')}
        document={detail.config}
        text={text}
      />
      <Document
        title={trans.__('Summary')}
        none={trans.__('The run has logged nothing yet.')}
        document={detail.summary}
        text={text}
      />
      <Part title={trans.__('About the run')}>
        <Facts run={run} detail={detail} />
      </Part>
    </div>
  );
}

function Document({
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
  const { trans } = useLab();
  const nodes = useMemo(() => nodesOf(document, text), [document, text]);
  const isEmpty = Object.keys(document).length === 0;
  return (
    <Part title={title} copied={isEmpty ? undefined : () => JSON.stringify(document, null, 2)}>
      {nodes.length === 0 ? (
        <p className="jp-wm-Quiet">{isEmpty ? none : trans.__('Nothing in it matches.')}</p>
      ) : (
        <Tree key={text} nodes={nodes} open={text.trim() !== ''} />
      )}
    </Part>
  );
}

function Part({
  title,
  copied,
  children
}: {
  title: string;
  copied?: () => string;
  children: ReactNode;
}): ReactElement {
  const { trans } = useLab();
  const id = useId();
  return (
    <section className="jp-wm-Part" aria-labelledby={id}>
      <div className="jp-wm-Part-head">
        <h2 id={id}>{title}</h2>
        {copied !== undefined && (
          <Copy text={copied} label={trans.__('Copy as JSON: %1', title)} />
        )}
      </div>
      {children}
    </section>
  );
}
