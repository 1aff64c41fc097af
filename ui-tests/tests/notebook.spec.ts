import {
  expect,
  openNotebook,
  openRun,
  runAll,
  runsOf,
  startSweep,
  sweepCells,
  test
} from './lab';

const STATES = 'import wandb_magic; print([(s.name, s.state) for s in wandb_magic.sweeps()])';
const SWEEP = 'import wandb_magic; print(wandb_magic.sweeps()[0].id)';

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

test('a failed run is debugged in a new cell of its notebook', async ({ page, server }) => {
  const train = 'with wandb.init() as run:\n    raise ValueError(run.config.lr)';
  await openNotebook(page, server, 'work/failing.ipynb', sweepCells({ count: 1, train }));
  await runAll(page);
  await expect.poll(() => server.python(STATES)).toContain("('small', 'finished')");
  const sweep = (await server.python(SWEEP)).trim();
  const [run] = await runsOf(server, sweep);
  const view = await openRun(page, sweep, run.id, 'Failure');
  await view.getByRole('button', { name: 'Debug', exact: true }).click();
  const cells = page.locator('.jp-Notebook .jp-CodeCell');
  await expect(cells).toHaveCount(3);
  await expect(cells.filter({ hasText: `%wandb_sweep debug ${sweep} 0` })).toBeVisible();
});
