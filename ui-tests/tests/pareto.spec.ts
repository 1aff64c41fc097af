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

const CONFIG = `{
    "name": "sizes",
    "method": "grid",
    "metrics": [{"name": "loss", "goal": "minimize"}, {"name": "speed", "goal": "maximize"}],
    "constraints": ["memory <= 7"],
    "parameters": {"width": {"values": [1, 2, 4, 7, 8, 9]}, "lr": {"values": [0.1, 0.3]}},
}`;
const TRAIN = `with wandb.init() as run:
    width, lr = run.config.width, run.config.lr
    if width == 9:
        raise MemoryError
    run.log({"loss": 1 / width + lr, "speed": 10 - width, "memory": width})`;

test('a sweep of several objectives shows its front, and a run is duplicated', async ({
  page,
  server
}) => {
  const sweep = await startSweep(server, { config: CONFIG, train: TRAIN, count: 12 });
  await reaches(server, sweep);
  const view = await openSweep(page, sweep);
  await expect(view.getByText('4 best (Pareto)')).toBeVisible();
  await view.getByRole('button', { name: 'Show the front' }).click();
  await expect(view.getByText('on the front (4)')).toBeVisible();
  await expect(view.getByText('dominated (4)')).toBeVisible();
  await expect(view.getByText('breaks a constraint (2)')).toBeVisible();
  await expectAccessible(page, '.jp-wm-SweepView');

  const [first] = await runsOf(server, sweep);
  const run = await openRun(page, sweep, first.id);
  await run.getByRole('button', { name: 'Duplicate…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('width', { exact: true }).fill('50');
  await dialog.getByRole('button', { name: 'Add Run' }).click();
  await expect(dialog.getByRole('alert')).toContainText('width: 50 is outside its space');
  await expect(dialog.getByLabel('width', { exact: true })).toHaveValue('50');
  await dialog.getByRole('checkbox').check();
  await expectAccessible(page, '.jp-Dialog');
  await dialog.getByRole('button', { name: 'Add Run' }).click();
  await expect
    .poll(async () => (await runsOf(server, sweep)).at(-1)?.params, { timeout: 45_000 })
    .toEqual({ ...first.params, width: 50 });
});
