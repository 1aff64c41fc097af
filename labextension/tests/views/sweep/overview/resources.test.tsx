import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, expect, it } from 'vitest';

import type { Gpu, Message, Resources, SweepSummary, Topic } from '../../../../src/api/schemas';
import { ResourceTable } from '../../../../src/views/sweep/overview/ResourceTable';
import { leasedText, waitingText } from '../../../../src/views/sweep/overview/resourceTexts';
import { LimitsTable } from '../../../../src/views/sweep/overview/LimitsTable';
import { aRun } from '../../../factories';
import { type IRendering, rendered, settled, SweepServer, sweepsModel } from '../../../rendering';
import { aSweep } from '../../../sweeps';

const ID = 'abcd1234';
const trans = nullTranslator.load('wandb_magic');
let view: IRendering | null = null;

afterEach(() => view?.dispose());

const GPU: Gpu = {
  ...{ id: 'GPU-0', label: '0', name: 'A100', memory: 16 * 2 ** 30, shares: [] },
  ...{ busy: null, used: null, out_until: null }
};

/** The text of each row, once the server has sent the resources. */
async function shown(changes: Partial<SweepSummary>, resources: Resources): Promise<string[]> {
  const server = new SweepServer(aSweep(ID, changes), [aRun(0), aRun(1)]);
  const open = server.socket.open.bind(server.socket);
  Object.assign(server.socket, {
    open: (topic: () => Topic, receive: (message: Message) => void) => {
      if (topic().topic === 'resources') {
        queueMicrotask(() => receive({ kind: 'resources', to: '', resources }));
      }
      return open(topic, receive);
    }
  });
  const model = sweepsModel(server);
  const sweep = model.acquire(ID).model;
  sweep.follow();
  view = await rendered(model, <ResourceTable sweep={sweep} />);
  await settled();
  return [...view.root.querySelectorAll('p, tr')].map(row => row.textContent);
}

it('GPUs say who has them, how busy they are, and when one is tried again', async () => {
  const share = { sweep: ID, run: 'run00001', fraction: 0.5, memory: 2 ** 30 };
  const gpus: Gpu[] = [
    { ...GPU, shares: [share], busy: 71.4, used: 2 ** 31 },
    {
      ...GPU,
      id: 'MIG-3f2a9c1e-77aa',
      label: 'MIG-3f2a9c1e-77aa',
      out_until: Date.now() / 1000 + 280
    },
    { ...GPU, id: 'GPU-2', label: '2', shares: [{ ...share, sweep: 'other000', fraction: 1 }] },
    { ...GPU, id: 'GPU-3', label: '3', shares: [{ ...share, sweep: '' }], out_until: 1 }
  ];
  const host = { name: 'node', address: '', slots: null, runs: ['run00001'], gpus };
  const cause = 'waiting for a GPU: 1 of 4 leased by sweep other000';
  const rows = await shown(
    { state: 'running', cause },
    { hosts: [{ ...host, problem: '', out_until: null }], problem: '' }
  );
  expect(rows[0]).toBe(`No further run starts: ${cause}`);
  expect(rows[1]).toBe('noderun 1');
  expect(rows[2]).toBe('GPU 0 A100run 1 50 %, 1.0 GiB71 % busy2.0 GiB of 16.0 GiB used');
  expect(rows[3]).toMatch(/^MIG slice 3f2a9c1e… A100free.*errors; tried again in 4 m \d+ s$/);
  expect(rows[4]).toContain('sweep other000');
  expect(rows[5]).toContain('another user’s sweep 50 %');
  expect(rows[5]).toContain('the next run tries it');
});

it('workers say how many slots they have, and why they get no runs', async () => {
  const worker = { name: 'node', address: 'tcp://a:1', slots: 4, runs: [], gpus: [] };
  const rows = await shown(
    { state: 'running' },
    {
      hosts: [
        { ...worker, problem: '', out_until: null },
        { ...worker, name: 'other', problem: 'it has no wandb', out_until: null }
      ],
      problem: 'the Dask scheduler does not answer'
    }
  );
  expect(rows).toEqual([
    'the Dask scheduler does not answer',
    'node 4 slotsno runno GPU',
    'other 4 slotsgets no runs: it has no wandb'
  ]);
});

it('a sweep whose supervisor died shows its last record as such; an ended one shows nothing', async () => {
  const nothing = { hosts: [], problem: '' };
  expect((await shown({ state: 'died' }, nothing))[0]).toContain('recorded last');
  view?.dispose();
  expect(await shown({ state: 'finished' }, nothing)).toEqual([
    'Nothing is in use: the sweep has ended.'
  ]);
});

it('what waits says what for', () => {
  const text = (changes: Partial<SweepSummary>) => waitingText(aSweep(ID, changes), trans);
  expect(text({ state: 'paused', cause: 'the first 3 runs failed' })).toContain('3 runs failed');
  expect(text({ state: 'running', running: 2 })).toBe('The next run waits for a free agent.');
  expect(text({ state: 'running', running: 1 })).toBe('');
  expect(text({ state: 'finished', cause: 'its time is up' })).toBe('');
});

it('a further GPU of a run is leased whole, too', () => {
  const share = { sweep: ID, run: '', fraction: 0.99, memory: 0 };
  expect(leasedText(share)).toBe('');
  expect(leasedText({ ...share, fraction: 0.25 })).toBe('25 %');
});

it('limits say what is left of them, and why the sweep ended', async () => {
  const limits = { ...aSweep(ID).limits, max_time: 7200, max_cost: 20, price_per_hour: 1.5 };
  const summary = aSweep(ID, {
    ...{ limits, elapsed: 5400, cost: 2.25, remaining: 60, remaining_range: [30, 90] },
    ...{ repeat: 3, cause: 'its time is up: it has been running for 2 h 0 m' }
  });
  const model = sweepsModel(new SweepServer(summary, []));
  view = await rendered(model, <LimitsTable summary={summary} />);
  expect([...view.root.querySelectorAll('tr')].map(row => row.textContent)).toEqual([
    'Runs30 of 30',
    'Repeats3 runs of each set of parameters',
    'Time left1 m 0 s (30 s to 1 m 30 s)',
    'Running for1 h 30 m of 2 h 0 m; 30 m 0 s left',
    'Cost2.25 of 20.00; 17.75 left',
    'Price1.50 per hour',
    'Ended becauseits time is up: it has been running for 2 h 0 m'
  ]);
});
