/** The rows of the tree in the sidebar, top to bottom, and where keys lead in it. Pure. */

import type { SweepSummary, Unreadable } from '../../wire';
import type { GroupName, IGroup } from './groups';

interface IPlace {
  key: string;
  /** Its place among its siblings, from 1, and how many they are. */
  place: number;
  of: number;
}

export type Node = IPlace &
  (
    | { kind: 'group'; name: GroupName; count: number; folded: boolean }
    | { kind: 'sweep'; sweep: SweepSummary }
    | { kind: 'unreadable'; sweep: Unreadable }
  );

export function nodesOf(
  groups: readonly IGroup[],
  unreadable: readonly Unreadable[],
  isFolded: (name: GroupName) => boolean
): Node[] {
  const filled = groups.filter(({ sweeps }) => sweeps.length > 0);
  const of = filled.length + (unreadable.length > 0 ? 1 : 0);
  const nodes: Node[] = [];
  const group = (name: GroupName, place: number, children: Node[]) => {
    const folded = isFolded(name);
    const count = children.length;
    nodes.push({ kind: 'group', key: name, name, count, folded, place, of });
    nodes.push(...(folded ? [] : children));
  };
  filled.forEach(({ name, sweeps }, index) => {
    const children = sweeps.map((sweep, place): Node => ({
      kind: 'sweep',
      key: sweep.id,
      sweep,
      place: place + 1,
      of: sweeps.length
    }));
    group(name, index + 1, children);
  });
  if (unreadable.length > 0) {
    const children = unreadable.map((sweep, place): Node => ({
      kind: 'unreadable',
      key: sweep.id,
      sweep,
      place: place + 1,
      of: unreadable.length
    }));
    group('unreadable', of, children);
  }
  return nodes;
}

/** The row to which a key leads from another one, or null if it leads nowhere. */
export function rowFor(key: string, nodes: readonly Node[], from: number): number | null {
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
      const above = nodes
        .slice(0, from)
        .map(({ kind }) => kind)
        .lastIndexOf('group');
      return node?.kind === 'group' || above < 0 ? null : above;
    }
    case 'ArrowRight':
      return node?.kind === 'group' && !node.folded ? Math.min(last, from + 1) : null;
    default:
      return null;
  }
}
