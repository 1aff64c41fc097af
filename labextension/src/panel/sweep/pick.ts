/** What picking a run in a plot does to the selection. */

import type { SweepModel } from '../../sweep';

/** `more` adds it to the others, or takes it out; else it is the only one, or none is any more. */
export function pick(sweep: SweepModel, run: string, more: boolean): void {
  sweep.choose({ selection: picked([...sweep.selected], run, more) });
}

export function picked(selection: readonly string[], run: string, more: boolean): string[] {
  const isIn = selection.includes(run);
  if (!more) {
    return isIn && selection.length === 1 ? [] : [run];
  }
  return isIn ? selection.filter(each => each !== run) : [...selection, run];
}
