import {
  expect,
  expectAccessible,
  openRun,
  openSweep,
  reaches,
  runsOf,
  startSweep,
  test
} from './lab';

const TRAIN = `with wandb.init(tags=["one"]) as run:
    print("\\x1b[31mred\\x1b[0m and plain")
    for step in range(5):
        run.log({"loss": run.config.lr + 1 / (step + 1), "train/loss": step})
    if run.config.width == 16:
        raise ValueError("sixteen is too narrow")`;

test('every view can be read by everybody, in light and in dark', async ({ page, server }) => {
  test.slow();
  const sweep = await startSweep(server, { name: 'read', count: 6, train: TRAIN });
  await reaches(server, sweep);
  await page.getByRole('tab', { name: 'Sweeps' }).click();
  await expect(page.getByRole('treeitem', { name: /read/ })).toBeVisible();
  await expectAccessible(page, '.jp-wm-Sidebar');
  for (const tab of ['Overview', 'Runs', 'Curves', 'Parallel', 'Importance', 'Compare', 'Spec']) {
    const view = await openSweep(page, sweep, tab);
    if (tab === 'Compare') {
      await expectAccessible(page, '.jp-wm-SweepView');
      await view.getByRole('button', { name: /Compare the/ }).click();
    }
    await expectAccessible(page, '.jp-wm-SweepView', tab);
  }
  const runs = await runsOf(server, sweep);
  const failed = runs.find(run => run.state === 'failed')?.id ?? '';
  for (const tab of ['Failure', 'Charts', 'System', 'Logs', 'Files', 'Config']) {
    await openRun(page, sweep, failed, tab);
    await expectAccessible(page, '.jp-wm-RunView', tab);
  }
});
