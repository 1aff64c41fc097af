import { readFileSync } from 'node:fs';

import { expect, openSweep, reaches, runsOf, saved, startSweep, test } from './lab';

/** Narrow runs break. */
const TRAIN = `with wandb.init() as run:
    for step in range(3):
        run.log({"loss": run.config.lr + run.config.width / 64 + 1 / (step + 1)})
    if run.config.width == 16:
        raise ValueError("sixteen is too narrow")`;

test('the table sorts, filters, selects, exports and is as it was after a reload', async ({
  page,
  server
}) => {
  const sweep = await startSweep(server, { name: 'in part, broken', count: 8, train: TRAIN });
  await reaches(server, sweep);
  const runs = await runsOf(server, sweep);
  const narrow = runs.filter(run => run.state === 'failed');
  expect(narrow.length).toBeGreaterThan(0);
  expect(narrow.length).toBeLessThan(runs.length);
  let view = await openSweep(page, sweep, 'Runs');
  let grid = view.getByRole('grid', { name: 'Runs' });
  const body = () => grid.getByRole('rowgroup').nth(1).getByRole('row');
  const numbers = async () => {
    const found = await body().all();
    const shown = await Promise.all(
      found.map(async row => [
        Number(await row.getAttribute('aria-rowindex')),
        Number((await row.getByRole('gridcell').first().innerText()).replace(/\D/g, ''))
      ])
    );
    return shown.sort(([one], [other]) => one - other).map(([, number]) => number);
  };
  await expect(body()).toHaveCount(runs.length);
  expect(await numbers()).toEqual(runs.map(run => run.number));

  await grid.getByRole('columnheader', { name: 'lr' }).click();
  const byRate = [...runs].sort((one, other) => Number(one.params.lr) - Number(other.params.lr));
  await expect.poll(numbers).toEqual(byRate.map(run => run.number));

  await view.getByRole('combobox', { name: 'Filter runs' }).fill('failed');
  await expect(body()).toHaveCount(narrow.length);
  const chosen = view.getByRole('group', { name: 'Chosen runs' });
  await expect(chosen).toContainText(`${narrow.length} of ${runs.length} runs`);

  const downloading = page.waitForEvent('download');
  await view.getByRole('button', { name: 'Export as CSV' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('in_part_broken-runs.csv');
  const [head, ...lines] = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n');
  const columns = head.split(',');
  const column = (name: string) => lines.map(line => line.split(',')[columns.indexOf(name)]);
  const narrowByRate = byRate.filter(run => narrow.includes(run));
  expect(column('number')).toEqual(narrowByRate.map(run => String(run.number)));
  expect(column('params.lr').map(Number)).toEqual(narrowByRate.map(run => run.params.lr));
  expect(new Set(column('state'))).toEqual(new Set(['failed']));

  await chosen.getByRole('button', { name: 'Show all' }).click();
  await expect(body()).toHaveCount(runs.length);
  await body().first().click();
  await body()
    .last()
    .click({ modifiers: ['Shift'] });
  await expect(chosen).toContainText(`${runs.length} of ${runs.length} selected`);
  await body().first().click();
  await body()
    .last()
    .click({ modifiers: ['ControlOrMeta'] });
  await expect(chosen).toContainText(`2 of ${runs.length} selected`);
  await view.getByRole('button', { name: 'Compare' }).click();
  await expect(view.getByRole('tab', { name: 'Compare' })).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect(view.getByRole('tabpanel')).toContainText('Different parameters');
  await view.getByRole('tab', { name: 'Runs' }).click();
  const saving = saved(page, '"text":"failed"');
  await view.getByRole('combobox', { name: 'Filter runs' }).fill('failed');
  await expect(body()).toHaveCount(narrow.length);

  await saving;
  await page.reload();
  view = page.locator(`.jp-wm-SweepView[data-sweep="${sweep}"]`);
  grid = view.getByRole('grid', { name: 'Runs' });
  await expect(body()).toHaveCount(narrow.length);
  expect(await numbers()).toEqual(narrowByRate.map(run => run.number));
});
