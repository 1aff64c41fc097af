import { afterEach, describe, expect, it } from 'vitest';

import type { SweepModel } from '../../../../src/models/sweepModel';
import { Commands } from '../../../../src/tokens';
import { RunsTab } from '../../../../src/views/sweep/runs/RunsTab';
import { selectRun, undoClick } from '../../../../src/views/sweep/selectRun';
import { runs } from '../../../factories';
import {
  click,
  dispatch,
  type IRendering,
  rendered,
  settled,
  SweepServer,
  sweepsModel
} from '../../../rendering';
import { aSweep } from '../../../sweeps';

const ID = 'abcd1234';
let view: IRendering | null = null;

afterEach(() => view?.dispose());

async function table(): Promise<{ sweep: SweepModel; row: (run: number) => Element }> {
  const model = sweepsModel(new SweepServer(aSweep(ID), runs(4)));
  const sweep = model.acquire(ID).model;
  sweep.follow();
  view = await rendered(model, <RunsTab sweep={sweep} />);
  await settled();
  const { root } = view;
  const row = (run: number) => {
    const found = root.querySelector(`[data-run="run0000${run}"]`);
    if (found === null) {
      throw new Error(`no row of run ${run}`);
    }
    return found;
  };
  return { sweep, row };
}

describe('opening a run', () => {
  it('with a double click selects nothing, and keeps what is selected', async () => {
    const { sweep, row } = await table();
    click(row(2), {}, 2);
    expect(view?.executed).toEqual([[Commands.openRun, { sweep: ID, run: 'run00002' }]]);
    expect(sweep.viewState.selection).toEqual([]);
    click(row(0));
    click(row(1), { ctrlKey: true });
    click(row(3), {}, 2);
    click(row(1), {}, 2);
    expect(sweep.viewState.selection).toEqual(['run00000', 'run00001']);
    expect(view?.executed).toHaveLength(3);
  });

  it('from its context menu selects nothing', async () => {
    const { sweep, row } = await table();
    dispatch(row(2), new MouseEvent('contextmenu', { bubbles: true }));
    expect(sweep.viewState.selection).toEqual([]);
  });

  it('is not what a double click on its checkbox does', async () => {
    const { sweep, row } = await table();
    const checkbox = row(1).querySelector('[data-check]');
    click(checkbox ?? row(1), {}, 2);
    expect(view?.executed).toEqual([]);
    expect(sweep.viewState.selection).toEqual([]);
    click(checkbox ?? row(1));
    expect(sweep.viewState.selection).toEqual(['run00001']);
  });

  it('in a plot keeps the selection, unless something else has changed it', async () => {
    const { sweep } = await table();
    sweep.setViewState({ selection: ['run00000', 'run00003'] });
    selectRun(sweep, 'run00001', false);
    undoClick(sweep);
    expect(sweep.viewState.selection).toEqual(['run00000', 'run00003']);
    undoClick(sweep);
    selectRun(sweep, 'run00001', true);
    sweep.setViewState({ selection: [] });
    undoClick(sweep);
    expect(sweep.viewState.selection).toEqual([]);
  });
});
