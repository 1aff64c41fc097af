/** Tags, and notes as Markdown. */

import { type ReactElement, useEffect, useRef } from 'react';

import { usePanelContext } from './context';

const MARKDOWN = 'text/markdown';

export function TagList({ tags }: { tags: readonly string[] }): ReactElement {
  return (
    <>
      {tags.map(tag => (
        <span key={tag} className="jp-wm-Tag">
          {tag}
        </span>
      ))}
    </>
  );
}

/** Notes as JupyterLab renders Markdown that it does not trust: sanitized, without scripts. */
export function Notes({ text }: { text: string }): ReactElement {
  const { rendermime } = usePanelContext();
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const node = host.current;
    if (node === null || rendermime === undefined) {
      return;
    }
    const renderer = rendermime.createRenderer(MARKDOWN);
    node.replaceChildren(renderer.node);
    void renderer.renderModel(
      rendermime.createModel({ data: { [MARKDOWN]: text }, trusted: false })
    );
    return () => renderer.dispose();
  }, [rendermime, text]);
  return (
    <div ref={host} className="jp-wm-Notes">
      {rendermime === undefined && text}
    </div>
  );
}
