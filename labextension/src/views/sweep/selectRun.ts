/** What picking a run in a plot does to the selection. */

import type { SweepModel } from '../../models/sweepModel';

/** `more` adds it to the others, or takes it out; else it is the only one, or none is any more. */
export function selectRun(sweep: SweepModel, run: string, isAdditive: boolean): void {
  sweep.setViewState({ selection: toggleSelection([...sweep.selectedIds], run, isAdditive) });
}

export function toggleSelection(
  selection: readonly string[],
  run: string,
  isAdditive: boolean
): string[] {
  const isIn = selection.includes(run);
  if (!isAdditive) {
    return isIn && selection.length === 1 ? [] : [run];
  }
  return isIn ? selection.filter(id => id !== run) : [...selection, run];
}
