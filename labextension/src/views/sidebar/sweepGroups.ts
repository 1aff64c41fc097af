/** Which sweeps the sidebar lists, in which groups and in which order. Pure. */

import { isActive } from '../../models/sweepsModel';
import type { SweepSummary, Unreadable } from '../../api/schemas';

export type GroupName = 'running' | 'earlier' | 'unreadable';

export interface ISweepGroup {
  name: 'running' | 'earlier';
  sweeps: readonly SweepSummary[];
}

export interface ISweepFilter {
  text: string;
  /** The states that are shown; empty means all. */
  states: readonly SweepSummary['state'][];
}

export function matchesFilter(sweep: SweepSummary, { text, states }: ISweepFilter): boolean {
  return (
    (states.length === 0 || states.includes(sweep.state)) && containsWords(searchText(sweep), text)
  );
}

/** Whether an unreadable sweep passes the filter. */
export function unreadableMatchesFilter(
  { id, name }: Unreadable,
  { text, states }: ISweepFilter
): boolean {
  return states.length === 0 && containsWords(`${name} ${id}`, text);
}

/**
 * The sweeps in groups, active ones first. If `held` is given, which is the result of an earlier
 * call, its sweeps keep their positions, and new ones are appended: nothing may move away from
 * under the pointer.
 */
export function groupSweeps(
  sweeps: readonly SweepSummary[],
  previous?: readonly ISweepGroup[]
): ISweepGroup[] {
  const remaining = new Map(sweeps.map(sweep => [sweep.id, sweep]));
  const keepOrder = (name: ISweepGroup['name']): SweepSummary[] =>
    (previous?.find(group => group.name === name)?.sweeps ?? []).flatMap(({ id }) => {
      const sweep = remaining.get(id);
      remaining.delete(id);
      return sweep ? [sweep] : [];
    });
  const [running, earlier] = [keepOrder('running'), keepOrder('earlier')];
  for (const sweep of remaining.values()) {
    (isActive(sweep) ? running : earlier).push(sweep);
  }
  return [
    { name: 'running', sweeps: running },
    { name: 'earlier', sweeps: earlier }
  ];
}

function searchText({ id, name, project, metric, cause }: SweepSummary): string {
  return [name, id, project, metric ?? '', cause].join(' ');
}

/** Whether the text contains all words, in any order and case. */
function containsWords(text: string, words: string): boolean {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every(word => lower.includes(word));
}
