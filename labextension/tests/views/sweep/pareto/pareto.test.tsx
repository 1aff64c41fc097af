import { act } from 'react';
import { afterEach, expect, it } from 'vitest';

import { OverviewTab } from '../../../../src/views/sweep/overview/OverviewTab';
import { ParetoTab } from '../../../../src/views/sweep/pareto/ParetoTab';
import { SweepView } from '../../../../src/views/sweep/SweepView';
import { aRun } from '../../../factories';
import {
  click,
  type IRendering,
  rendered,
  settled,
  SweepServer,
  sweepsModel
} from '../../../rendering';
import { aSweep } from '../../../sweeps';

const METRICS = [
  { name: 'loss', goal: 'minimize' },
  { name: 'speed', goal: 'maximize' },
  { name: 'size', goal: 'minimize' }
];
const VALUES = [
  [1, 1, 5],
  [2, 2, 5],
  [3, 2, 5],
  [0, 9, 9],
  [0, 9, 0]
];
const runs = VALUES.map(([loss, speed, size], number) =>
  aRun(number, {
    summary: { loss, speed, size },
    state: number === 4 ? 'failed' : 'finished'
  })
);

let view: IRendering | null = null;

afterEach(() => view?.dispose());

async function opened(spec: Record<string, unknown>) {
  const keys = { history: [], system: [], media: [] };
  const summary = aSweep('abcd1234', { best: null });
  const model = sweepsModel(new SweepServer(summary, runs, keys, spec));
  const sweep = model.acquire('abcd1234').model;
  sweep.follow();
  await settled();
  return { model, sweep };
}

const several = { metrics: METRICS.slice(0, 2), constraints: [{ name: 'size', max: 7 }] };

it('the runs are shown as what they are for the front, selection included', async () => {
  const { model, sweep } = await opened(several);
  view = await rendered(model, <ParetoTab sweep={sweep} />);
  const { root } = view;
  const legend = () => root.querySelector('.jp-wm-ParameterPanel-legend')?.textContent;
  expect(legend()).toBe(
    '● on the front (2)■ dominated (1)✕ breaks a constraint (1)○ not counted: failed, or not ended (1)'
  );
  expect(root.querySelector('h2')?.textContent).toBe('Front of loss, speed');
  const asTable = root.querySelector('[aria-label="Show as table"]');
  click(asTable ?? root);
  const lines = () =>
    [...root.querySelectorAll('tbody tr')].map(line => [...line.children].map(c => c.textContent));
  expect(lines()).toEqual([
    ['0', '1', '1', 'on the front', 'finished'],
    ['1', '2', '2', 'on the front', 'finished'],
    ['2', '3', '2', 'dominated', 'finished'],
    ['3', '0', '9', 'breaks a constraint', 'finished'],
    ['4', '0', '9', 'not counted: failed, or not ended', 'failed']
  ]);
  act(() => sweep.setViewState({ selection: ['run00002'] }));
  await settled();
  expect(lines()).toEqual([['2', '3', '2', 'dominated', 'finished']]);
});

it('an objective that is chosen for one axis leaves the other', async () => {
  const { model, sweep } = await opened({ metrics: METRICS });
  view = await rendered(model, <ParetoTab sweep={sweep} />);
  const axes = () => [...(view?.root.querySelectorAll('select') ?? [])].map(each => each.value);
  expect(axes()).toEqual(['loss', 'speed']);
  const choose = async (axis: number, value: string) => {
    act(() => {
      const select = view?.root.querySelectorAll('select')[axis];
      if (select !== undefined) {
        select.value = value;
        select.dispatchEvent(new Event('change', { bubbles: true }));
      }
    });
    await settled();
  };
  await choose(0, 'speed');
  expect(axes()).toEqual(['speed', 'loss']);
  await choose(1, 'size');
  expect(axes()).toEqual(['speed', 'size']);
});

it('the overview lists the front as the best runs, and opens its tab', async () => {
  const { model, sweep } = await opened(several);
  view = await rendered(model, <OverviewTab sweep={sweep} />);
  const section = [...view.root.querySelectorAll('section')].find(
    each => each.querySelector('h2')?.textContent === 'Best runs'
  );
  expect(section?.textContent).toContain('2 best (Pareto)');
  const lines = [...(section?.querySelectorAll('tbody tr') ?? [])];
  expect(lines.map(line => [...line.children].map(cell => cell.textContent))).toEqual([
    ['run 0', '1', '1'],
    ['run 1', '2', '2']
  ]);
  expect(view.root.textContent).toContain('Best loss so far');
  const button = [...(section?.querySelectorAll('button') ?? [])].at(-1);
  click(button ?? view.root);
  expect(sweep.settings('view', { tab: 'overview' }).tab).toBe('pareto');
});

it('only a sweep with several objectives has the tab', async () => {
  for (const [spec, has] of [
    [several, true],
    [{ metric: METRICS[0] }, false]
  ] as const) {
    const { model } = await opened(spec);
    view = await rendered(model, <SweepView id="abcd1234" />);
    await settled();
    const tabs = [...view.root.querySelectorAll('[role=tab]')].map(tab => tab.textContent);
    expect(tabs).toContain('Overview');
    expect(tabs.includes('Pareto')).toBe(has);
    view.dispose();
  }
  view = null;
});
