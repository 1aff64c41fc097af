/** The rows of the sidebar's tree, top to bottom, and its keyboard navigation. Pure. */

import type { SweepSummary, Unreadable } from '../../api/schemas';
import type { GroupName, ISweepGroup } from './sweepGroups';

interface INodeBase {
  key: string;
  /** Its position among its siblings, from 1, and the number of siblings. */
  position: number;
  siblingCount: number;
}

export type TreeNode = INodeBase &
  (
    | { kind: 'group'; name: GroupName; count: number; folded: boolean }
    | { kind: 'sweep'; sweep: SweepSummary }
    | { kind: 'unreadable'; sweep: Unreadable }
  );

export function buildNodes(
  groups: readonly ISweepGroup[],
  unreadable: readonly Unreadable[],
  isFolded: (name: GroupName) => boolean
): TreeNode[] {
  const nonEmpty = groups.filter(({ sweeps }) => sweeps.length > 0);
  const siblingCount = nonEmpty.length + (unreadable.length > 0 ? 1 : 0);
  const nodes: TreeNode[] = [];
  const group = (name: GroupName, position: number, children: TreeNode[]) => {
    const folded = isFolded(name);
    const count = children.length;
    nodes.push({ kind: 'group', key: name, name, count, folded, position, siblingCount });
    nodes.push(...(folded ? [] : children));
  };
  nonEmpty.forEach(({ name, sweeps }, index) => {
    const children = sweeps.map((sweep, index): TreeNode => ({
      kind: 'sweep',
      key: sweep.id,
      sweep,
      position: index + 1,
      siblingCount: sweeps.length
    }));
    group(name, index + 1, children);
  });
  if (unreadable.length > 0) {
    const children = unreadable.map((sweep, index): TreeNode => ({
      kind: 'unreadable',
      key: sweep.id,
      sweep,
      position: index + 1,
      siblingCount: unreadable.length
    }));
    group('unreadable', siblingCount, children);
  }
  return nodes;
}

/** The row to which a key moves from another row; null if the key does not move. */
export function rowForKey(key: string, nodes: readonly TreeNode[], from: number): number | null {
  const node = nodes.at(from);
  const last = nodes.length - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, from + 1);
    case 'ArrowUp':
      return Math.max(0, from - 1);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'ArrowLeft': {
      const groupRow = nodes
        .slice(0, from)
        .map(({ kind }) => kind)
        .lastIndexOf('group');
      return node?.kind === 'group' || groupRow < 0 ? null : groupRow;
    }
    case 'ArrowRight':
      return node?.kind === 'group' && !node.folded ? Math.min(last, from + 1) : null;
    default:
      return null;
  }
}
