import {
  ask,
  execute,
  expect,
  held,
  openNotebook,
  openSweep,
  release,
  runAll,
  saved,
  sweepCells,
  test
} from './lab';
import type { Sweeps } from '../../labextension/src/api/schemas';

test('a sweep and its page go on whatever is restarted', async ({ page, server }) => {
  test.slow();
  const cells = sweepCells({ name: 'steady', count: 3, train: held(server) });
  await openNotebook(page, server, 'work/steady.ipynb', cells);
  await runAll(page);
  await expect.poll(async () => (await ask<Sweeps>(server)).sweeps.length).toBe(1);
  const [{ id }] = (await ask<Sweeps>(server)).sweeps;

  const restarting = execute(page, 'kernelmenu:restart');
  await page.getByRole('button', { name: 'Confirm Kernel Restart' }).click();
  await restarting;
  const saving = saved(page, `"current":"wandb-magic-sweep:wandb-magic-sweep-${id}"`);
  const view = await openSweep(page, id);
  await expect(view).toContainText('running 0/3');

  await saving;
  await page.reload();
  await expect(view).toContainText('running 0/3');

  await server.stop();
  const stale = view.getByText('Connection to the server lost');
  await expect(stale).toBeVisible();
  await expect(view).toContainText('running 0/3');
  release(server);
  await server.start();
  await expect(view).toContainText('finished 3/3', { timeout: 45_000 });
  await expect(stale).toHaveCount(0);
});
