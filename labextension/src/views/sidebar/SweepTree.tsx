/**
 * The sweeps as a tree of groups: up and down move, left and right collapse and expand, Enter
 * opens, Delete deletes after asking.
 *
 * While the pointer is inside, sweeps keep their positions, whatever happens to them.
 */

import { type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from 'react';

import { usePanelContext } from '../../components/context';
import { useNow } from '../../components/useNow';
import { Commands } from '../../tokens';
import type { SweepSummary, Unreadable } from '../../api/schemas';
import { groupSweeps, type ISweepGroup } from './sweepGroups';
import type { SidebarModel } from './sidebarModel';
import { type TreeNode, buildNodes, rowForKey } from './treeNodes';
import { TreeRow } from './TreeRow';

const MINUTE_S = 60;

export function SweepTree({
  list,
  sweeps,
  unreadable
}: {
  list: SidebarModel;
  sweeps: readonly SweepSummary[];
  unreadable: readonly Unreadable[];
}): ReactElement {
  const { commands, trans } = usePanelContext();
  const tree = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState({ key: '', row: 0 });
  const [hovered, setHovered] = useState<string | null>(null);
  const [focused, setFocused] = useState(false);
  const now = Math.floor(useNow() / MINUTE_S) * MINUTE_S;
  const groups = useStableGroups(sweeps, hovered !== null);
  const nodes = buildNodes(groups, unreadable, name => list.isFolded(name));
  const currentIndex = nodes.findIndex(({ key }) => key === current.key);
  // The row below takes the place of a removed row.
  const row =
    currentIndex >= 0 ? currentIndex : Math.max(0, Math.min(current.row, nodes.length - 1));
  useFocusRestore(tree, nodes[row]?.key);

  const open = (node: TreeNode | undefined) => {
    if (node?.kind === 'group') {
      list.setFolded(node.name, !node.folded);
    } else if (node?.kind === 'sweep') {
      void commands.execute(Commands.openSweep, { sweep: node.key });
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const node = nodes.at(row);
    // Keys pressed on a button in a row belong to that button.
    if (node === undefined || !(event.target as Element).matches('[role=treeitem]')) {
      return;
    }
    const next = rowForKey(event.key, nodes, row);
    if (next !== null) {
      focusRow(tree.current, nodes[next].key);
    } else if (node.kind === 'group' && ['ArrowLeft', 'ArrowRight'].includes(event.key)) {
      list.setFolded(node.name, event.key === 'ArrowLeft');
    } else if (event.key === 'Enter' || event.key === ' ') {
      open(node);
    } else if (event.key === 'Delete' && node.kind !== 'group') {
      void commands.execute(Commands.remove, { sweep: node.key });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const keyAt = (target: EventTarget) =>
    (target as Element).closest<HTMLElement>('[data-key]')?.dataset.key ?? null;
  return (
    <div
      ref={tree}
      className="jp-wm-Sidebar-tree"
      role="tree"
      tabIndex={-1}
      aria-label={trans.__('Sweeps')}
      onKeyDown={onKeyDown}
      onFocus={event => {
        setFocused(true);
        const key = keyAt(event.target);
        if (key !== null) {
          setCurrent({ key, row: nodes.findIndex(node => node.key === key) });
        }
      }}
      onBlur={event => setFocused(event.currentTarget.contains(event.relatedTarget))}
      onPointerMove={event => setHovered(keyAt(event.target) ?? '')}
      onPointerLeave={() => setHovered(null)}
      onClick={event => {
        const { target } = event;
        if ((target as Element).closest('button') === null) {
          open(nodes.find(({ key }) => key === keyAt(target)));
        }
      }}
    >
      {nodes.map((node, index) => (
        <TreeRow
          key={node.key}
          node={node}
          current={index === row}
          selected={node.key === list.currentSweep}
          showActions={(focused && index === row) || node.key === hovered}
          now={now}
        />
      ))}
    </div>
  );
}

/** The groups; while they are held, everything keeps its position. */
function useStableGroups(
  sweeps: readonly SweepSummary[],
  isFrozen: boolean
): readonly ISweepGroup[] {
  const previous = useRef<readonly ISweepGroup[]>([]);
  // The previously shown groups must stay, so they are read while the next ones are computed.
  // eslint-disable-next-line react-hooks/refs
  const groups = groupSweeps(sweeps, isFrozen ? previous.current : undefined);
  useEffect(() => {
    previous.current = groups;
  });
  return groups;
}

/**
 * When the focused element is removed, the focus stays in the tree. It must not be fetched back when
 * the user moves it elsewhere: then, too, no element has the focus for a moment, and the buttons of
 * the row are removed.
 */
function useFocusRestore(
  tree: React.RefObject<HTMLDivElement | null>,
  key: string | undefined
): void {
  const focused = useRef<Element | null>(null);
  useEffect(() => {
    const element = tree.current;
    const onFocusIn = ({ target }: FocusEvent) => {
      focused.current = target instanceof Element ? target : null;
    };
    const onFocusOut = ({ relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) {
        focused.current = null;
      }
    };
    element?.addEventListener('focusin', onFocusIn);
    // In the capture phase, so that it precedes what React renders.
    element?.addEventListener('focusout', onFocusOut, true);
    return () => {
      element?.removeEventListener('focusin', onFocusIn);
      element?.removeEventListener('focusout', onFocusOut, true);
    };
  }, [tree]);
  useEffect(() => {
    const isRemoved = focused.current?.isConnected === false;
    if (isRemoved && document.activeElement === document.body && document.hasFocus()) {
      focused.current = null;
      if (key !== undefined) {
        focusRow(tree.current, key);
      }
    }
  });
}

function focusRow(tree: HTMLElement | null, key: string): void {
  tree?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}
