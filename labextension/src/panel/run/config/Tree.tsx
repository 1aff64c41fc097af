/** A document with branches that open and close. */

import { type ReactElement, useState } from 'react';

import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import type { INode } from './nodes';

/** Nodes of a branch that are rendered at once. */
const MOST = 200;

export function Tree({ nodes, open }: { nodes: readonly INode[]; open: boolean }): ReactElement {
  const { trans } = useLab();
  const [shown, setShown] = useState(MOST);
  return (
    <ul className="jp-wm-Tree">
      {nodes.slice(0, shown).map(node => (
        <li key={node.name}>
          {node.children === null ? (
            <div className="jp-wm-Tree-leaf">
              <span className="jp-wm-Tree-name">{node.name}</span>
              <span className="jp-wm-Tree-value">{node.text}</span>
            </div>
          ) : (
            // Where a search has found something in it, a branch is open at first.
            <Branch key={String(open)} node={node} children={node.children} open={open} />
          )}
        </li>
      ))}
      {nodes.length > shown && (
        <li>
          <Button
            label={trans.__('Show %1 more', Math.min(MOST, nodes.length - shown))}
            onClick={() => setShown(shown + MOST)}
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
  node: INode;
  children: () => INode[];
  open: boolean;
}): ReactElement {
  const [isOpen, setOpen] = useState(open);
  return (
    <details open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary className="jp-wm-Tree-leaf">
        <span className="jp-wm-Tree-name">{node.name}</span>
        <span className="jp-wm-Tree-value jp-wm-Quiet">{isOpen ? '' : node.text}</span>
      </summary>
      {isOpen && <Tree nodes={children()} open={open} />}
    </details>
  );
}
