/** One row of the tree: a group, a sweep, or a sweep that cannot be read. */

import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { useLab } from '../../lab';
import type { GroupName } from './groups';
import { Item, spoken, UnreadableItem } from './Item';
import type { Node } from './nodes';

export function Row({
  node,
  current,
  selected,
  ...shown
}: {
  node: Node;
  current: boolean;
  selected: boolean;
  verbs: boolean;
  now: number;
}): ReactElement {
  const { trans } = useLab();
  const common = {
    role: 'treeitem',
    tabIndex: current ? 0 : -1,
    'data-key': node.key,
    'aria-posinset': node.place,
    'aria-setsize': node.of
  };
  if (node.kind === 'group') {
    const Caret = node.folded ? caretRightIcon : caretDownIcon;
    const titles: Record<GroupName, string> = {
      running: trans.__('Active'),
      earlier: trans.__('Earlier'),
      unreadable: trans.__('Cannot be read')
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
      aria-label={kind === 'sweep' ? spoken(sweep, trans) : `${sweep.name}, ${sweep.reason}`}
      data-sweep={node.key}
    >
      {kind === 'sweep' ? (
        <Item sweep={sweep} current={current} {...shown} />
      ) : (
        <UnreadableItem sweep={sweep} current={current} verbs={shown.verbs} />
      )}
    </div>
  );
}
