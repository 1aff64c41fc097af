/** A document as a tree with collapsible branches. */

import { type ReactElement, useState } from 'react';

import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import type { IJsonNode } from './jsonNodes';

/** The number of nodes of a branch that are rendered at once. */
const PAGE_SIZE = 200;

export function JsonTree({
  nodes,
  open
}: {
  nodes: readonly IJsonNode[];
  open: boolean;
}): ReactElement {
  const { trans } = usePanelContext();
  const [visibleCount, setShown] = useState(PAGE_SIZE);
  return (
    <ul className="jp-wm-JsonTree">
      {nodes.slice(0, visibleCount).map(node => (
        <li key={node.name}>
          {node.children === null ? (
            <div className="jp-wm-JsonTree-leaf">
              <span className="jp-wm-JsonTree-name">{node.name}</span>
              <span className="jp-wm-JsonTree-value">{node.text}</span>
            </div>
          ) : (
            // A branch that contains search results is expanded at first.
            <Branch key={String(open)} node={node} children={node.children} open={open} />
          )}
        </li>
      ))}
      {nodes.length > visibleCount && (
        <li>
          <Button
            label={trans.__('Show %1 more', Math.min(PAGE_SIZE, nodes.length - visibleCount))}
            onClick={() => setShown(visibleCount + PAGE_SIZE)}
          />{' '}
          {trans.__('of %1', nodes.length)}
        </li>
      )}
    </ul>
  );
}

function Branch({
  node,
  children,
  open
}: {
  node: IJsonNode;
  children: () => IJsonNode[];
  open: boolean;
}): ReactElement {
  const [isOpen, setOpen] = useState(open);
  return (
    <details open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary className="jp-wm-JsonTree-leaf">
        <span className="jp-wm-JsonTree-name">{node.name}</span>
        <span className="jp-wm-JsonTree-value jp-wm-Muted">{isOpen ? '' : node.text}</span>
      </summary>
      {isOpen && <JsonTree nodes={children()} open={open} />}
    </details>
  );
}
