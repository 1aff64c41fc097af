import { act } from 'react';
import { afterEach, describe, expect, it } from 'vitest';

import { RunsTab } from '../../../src/views/sweep/runs/RunsTab';
import { runs } from '../../factories';
import {
  click,
  type IRendering,
  rendered,
  settled,
  SweepServer,
  sweepsModel
} from '../../rendering';
import { aSweep } from '../../sweeps';

let view: IRendering | null = null;

afterEach(() => view?.dispose());

describe('grouped runs', () => {
  it('are a table of groups, each of which opens to its runs', async () => {
    const model = sweepsModel(new SweepServer(aSweep('abcd1234'), runs(6)));
    const sweep = model.acquire('abcd1234').model;
    sweep.follow();
    view = await rendered(model, <RunsTab sweep={sweep} />);
    await settled();
    const { root } = view;
    const lines = () =>
      [...root.querySelectorAll('.jp-wm-Groups [role=rowgroup] > [role=row]')].map(line =>
        [...line.children].map(cell => cell.textContent)
      );
    act(() => sweep.saveSettings('groups', { by: ['params.optimizer'] }));
    await settled();
    expect(root.querySelector('[role=grid]')).toBeNull();
    expect(lines().map(([label, count, , mean]) => [label, count, mean])).toEqual([
      ['▸ adam', '3', '0.3'],
      ['▸ sgd', '3', '0.2']
    ]);
    const head = [...root.querySelectorAll('.jp-wm-Groups [role=columnheader] button')];
    click(head[3]);
    await settled();
    expect(sweep.settings('groups', { statistic: '', descending: false })).toEqual({
      statistic: 'mean',
      descending: true
    });
    click(root.querySelector('.jp-wm-Groups [aria-expanded]') ?? root);
    await settled();
    expect(lines().map(([label]) => label)).toEqual([
      '▾ adam',
      'run 1',
      'run 3',
      'run 5',
      '▸ sgd'
    ]);
    act(() => sweep.setViewState({ filter: { ...sweep.viewState.filter, text: 'number > 1' } }));
    await settled();
    expect(lines()[0].slice(0, 4)).toEqual(['▾ adam', '2', '2', '0.4']);
    act(() => sweep.saveSettings('groups', { by: [] }));
    await settled();
    expect(root.querySelector('[role=grid]')).not.toBeNull();
  });
});
