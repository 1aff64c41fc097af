/** The effect of clicking a run, in a table or a plot, on the selection. */

import type { SweepModel } from '../../models/sweepModel';

/** The last click that changed a sweep's selection: it may be the first of a double click. */
interface IClick {
  before: readonly string[];
  after: readonly string[];
}

const lastClicks = new WeakMap<SweepModel, IClick>();

/**
 * If additive, the run is added to or removed from the selection; otherwise it becomes the only
 * selected run, or is deselected.
 */
export function selectRun(sweep: SweepModel, run: string, isAdditive: boolean): void {
  selectByClick(sweep, toggleSelection([...sweep.selectedIds], run, isAdditive));
}

/** Change the selection; `undoClick` restores it if this was the first click of a double click. */
export function selectByClick(sweep: SweepModel, selection: readonly string[]): void {
  lastClicks.set(sweep, { before: sweep.viewState.selection, after: selection });
  sweep.setViewState({ selection });
}

/**
 * Undo what the first click of a double click selected: opening a run, or resetting a zoom, is not
 * selecting.
 */
export function undoClick(sweep: SweepModel): void {
  const click = lastClicks.get(sweep);
  lastClicks.delete(sweep);
  if (sweep.viewState.selection === click?.after) {
    sweep.setViewState({ selection: click.before });
  }
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
