import { afterEach, expect, it } from 'vitest';

import { RecentRuns } from '../../../src/views/cell/RecentRuns';
import { aRun, runs } from '../../factories';
import { type IRendering, rendered, SweepServer, sweepsModel } from '../../rendering';
import { aSweep } from '../../sweeps';

const ID = 'abcd1234';
let view: IRendering | null = null;

afterEach(() => view?.dispose());

async function rowsOf(best: number, last = aRun(9)): Promise<string[]> {
  const params = { net: { depth: 3 }, lr: 0.5 };
  const summary = aSweep(ID, {
    best: { id: `run0000${best}`, number: best, value: 0.9, params, runs: 1, spread: null }
  });
  const model = sweepsModel(new SweepServer(summary, [...runs(9), last]));
  view = await rendered(model, <RecentRuns sweep={ID} looking />);
  return [...view.root.querySelectorAll('tr')].map(row => row.textContent);
}

it('the best run comes first if it is not one of the newest', async () => {
  const rows = await rowsOf(2);
  expect(rows).toHaveLength(5);
  expect(rows[0]).toContain('run 2');
  expect(rows[0]).toContain('best');
  expect(rows[0]).toContain('net.depth=3, lr=0.5');
  expect(rows.filter(row => row.includes('best'))).toHaveLength(1);
});

it('the best run is marked if it is one of the newest', async () => {
  const rows = await rowsOf(7);
  expect(rows).toHaveLength(5);
  expect(rows.filter(row => row.includes('best'))).toEqual([expect.stringContaining('run 7')]);
});
