/** One row of the tree: a group, a sweep, or a sweep that cannot be read. */

import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { usePanelContext } from '../../components/context';
import type { GroupName } from './sweepGroups';
import { SweepItem, accessibleLabel, UnreadableItem } from './SweepItem';
import type { TreeNode } from './treeNodes';

export function TreeRow({
  node,
  current,
  selected,
  ...shown
}: {
  node: TreeNode;
  current: boolean;
  selected: boolean;
  showActions: boolean;
  now: number;
}): ReactElement {
  const { trans } = usePanelContext();
  const common = {
    role: 'treeitem',
    tabIndex: current ? 0 : -1,
    'data-key': node.key,
    'aria-posinset': node.position,
    'aria-setsize': node.siblingCount
  };
  if (node.kind === 'group') {
    const Caret = node.folded ? caretRightIcon : caretDownIcon;
    const titles: Record<GroupName, string> = {
      running: trans.__('Active'),
      earlier: trans.__('Earlier'),
      unreadable: trans.__('Unreadable')
    };
    return (
      <div {...common} className="jp-wm-Sidebar-group" aria-level={1} aria-expanded={!node.folded}>
        <Caret.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" />
        {titles[node.name]} <span className="jp-wm-Sidebar-group-count">({node.count})</span>
      </div>
    );
  }
  const { kind, sweep } = node;
  return (
    <div
      {...common}
      className="jp-wm-SweepItem jp-wm-mod-sweep"
      aria-level={2}
      aria-selected={selected}
      aria-label={
        kind === 'sweep' ? accessibleLabel(sweep, trans) : `${sweep.name}, ${sweep.reason}`
      }
      data-sweep={node.key}
    >
      {kind === 'sweep' ? (
        <SweepItem sweep={sweep} isCurrent={current} {...shown} />
      ) : (
        <UnreadableItem sweep={sweep} isCurrent={current} showActions={shown.showActions} />
      )}
    </div>
  );
}
