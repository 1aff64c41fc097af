/** Which sweeps the sidebar lists, in which groups and in which order. Pure. */

import { isActive } from '../../model';
import type { SweepSummary, Unreadable } from '../../wire';

export type GroupName = 'running' | 'earlier' | 'unreadable';

export interface IGroup {
  name: 'running' | 'earlier';
  sweeps: readonly SweepSummary[];
}

export interface IFilter {
  text: string;
  /** States that are shown; all if none is named. */
  states: readonly SweepSummary['state'][];
}

export function matches(sweep: SweepSummary, { text, states }: IFilter): boolean {
  return (states.length === 0 || states.includes(sweep.state)) && hasWords(textOf(sweep), text);
}

/** Whether a sweep that cannot be read is among those that are looked for. */
export function matchesUnreadable({ id, name }: Unreadable, { text, states }: IFilter): boolean {
  return states.length === 0 && hasWords(`${name} ${id}`, text);
}

/**
 * The sweeps in groups, those that go on first. Where `held` is given, as the result of an earlier
 * call, what it has stays where it was, and only new ones come behind it: nothing may move away
 * from under the pointer.
 */
export function groupsOf(sweeps: readonly SweepSummary[], held?: readonly IGroup[]): IGroup[] {
  const left = new Map(sweeps.map(sweep => [sweep.id, sweep]));
  const stays = (name: IGroup['name']): SweepSummary[] =>
    (held?.find(group => group.name === name)?.sweeps ?? []).flatMap(({ id }) => {
      const sweep = left.get(id);
      left.delete(id);
      return sweep ? [sweep] : [];
    });
  const [running, earlier] = [stays('running'), stays('earlier')];
  for (const sweep of left.values()) {
    (isActive(sweep) ? running : earlier).push(sweep);
  }
  return [
    { name: 'running', sweeps: running },
    { name: 'earlier', sweeps: earlier }
  ];
}

function textOf({ id, name, project, metric, cause }: SweepSummary): string {
  return [name, id, project, metric ?? '', cause].join(' ');
}

/** All words, in any order and case. */
function hasWords(text: string, words: string): boolean {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every(word => lower.includes(word));
}
