import { expect, expectAccessible, openSweep, reaches, startSweep, test } from './lab';

/** A grid of two learning rates, three widths and two seeds; narrow runs break. */
const CONFIG = JSON.stringify({
  name: 'grid',
  method: 'grid',
  metric: { name: 'loss', goal: 'minimize' },
  parameters: {
    lr: { values: [0.001, 0.1] },
    width: { values: [16, 32, 64] },
    seed: { values: [0, 1] }
  }
});
const TRAIN = `with wandb.init() as run:
    c = run.config
    run.log({"loss": c.lr + c.seed / 10 + 1 / c.width, "val/accuracy": c.width / 64})
    if c.width == 16:
        raise ValueError("sixteen is too narrow")`;

test('runs are selected by a query and grouped, with the keyboard', async ({ page, server }) => {
  const sweep = await startSweep(server, { config: CONFIG, count: 12, train: TRAIN });
  await reaches(server, sweep);
  const view = await openSweep(page, sweep, 'Runs');
  const chosen = view.getByRole('group', { name: 'Chosen runs' });
  const box = view.getByRole('combobox', { name: 'Filter runs' });
  await box.fill('val/accuracy > 0.7 and lr <');
  await expect(
    view.getByText("column 28: expected a number after '<', not the end")
  ).toBeVisible();
  await expect(chosen.getByText('of 12 runs')).toHaveCount(0);
  await box.pressSequentially(' 0.01');
  await expect(chosen).toContainText('2 of 12 runs');
  await box.pressSequentially(' and st');
  await expect(view.getByRole('option', { name: 'state', exact: true })).toBeVisible();
  for (const expected of ['state', '==', 'finished']) {
    const option = view.getByRole('option', { name: expected, exact: true });
    await expect(option).toBeVisible();
    while ((await option.getAttribute('aria-selected')) !== 'true') {
      await box.press('ArrowDown');
    }
    await box.press('Enter');
    await box.press('ArrowDown');
  }
  await expect(box).toHaveValue('val/accuracy > 0.7 and lr < 0.01 and state == finished ');
  await expect(chosen).toContainText('2 of 12 runs');
  await expectAccessible(page, '.jp-wm-Runs', 'the completions of a query');

  await box.press('Escape');
  await box.fill('state == finished');
  await view.getByRole('button', { name: 'Group', exact: true }).click();
  for (const name of ['lr', 'width']) {
    await page.getByRole('dialog', { name: 'Group by' }).getByLabel(name).check();
  }
  await page.keyboard.press('Escape');
  const groups = view.getByRole('table', { name: 'Groups by lr, width' });
  const lines = groups.getByRole('rowgroup').getByRole('row');
  await expect(lines).toHaveCount(4);
  await expect(lines.first()).toContainText('0.001, 32');
  await expect(lines.first().getByRole('cell').first()).toHaveText('2');
  await groups.getByRole('button', { name: 'Mean' }).click();
  await expect(lines.first()).toContainText('0.1, 32');
  await lines.first().getByRole('button').press('Enter');
  await expect(lines).toHaveCount(6);
  await expectAccessible(page, '.jp-wm-Runs', 'groups of runs');
  await lines.nth(1).getByRole('button').click();
  await expect(page.locator('.jp-wm-RunView')).toBeVisible();
});
