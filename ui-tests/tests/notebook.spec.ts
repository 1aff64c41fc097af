import { expect, openNotebook, runAll, startSweep, sweepCells, test } from './lab';

const STATES = 'import wandb_magic; print([(s.name, s.state) for s in wandb_magic.sweeps()])';

test('a sweep that a notebook starts goes on until its end', async ({ page, server }) => {
  await openNotebook(page, server, 'work/small.ipynb', sweepCells({ count: 2, steps: 3 }));
  await runAll(page);
  await expect.poll(() => server.python(STATES)).toContain("('small', 'finished')");
});

test('a sweep of a terminal outlives the server', async ({ page, server }) => {
  await startSweep(server, { name: 'slow', count: 2, steps: 1000, pace: 1 });
  await server.stop();
  expect(await server.python(STATES)).toContain("('slow', 'running')");
  await server.start();
  await page.reload();
});
