/** The effect of picking a run in a plot on the selection. */

import type { SweepModel } from '../../models/sweepModel';

/**
 * If additive, the run is added to or removed from the selection; otherwise it becomes the only
 * selected run, or is deselected.
 */
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
