import { expect, openSweep, reaches, runsOf, startSweep, summaryOf, test } from './lab';

test('a range on an axis holds in the table and in all plots, in light and in dark', async ({
  page,
  server
}) => {
  const sweep = await startSweep(server, { name: 'brushed', count: 12, agents: 3, steps: 3 });
  await reaches(server, sweep);
  const runs = await runsOf(server, sweep);
  const view = await openSweep(page, sweep, 'Parallel');
  const tab = (name: string) => view.getByRole('tab', { name }).click();
  const chosen = view.getByRole('group', { name: 'Chosen runs' });
  const low = view.getByRole('slider', { name: 'lr: minimum' });
  const high = view.getByRole('slider', { name: 'lr: maximum' });
  const [from, to] = [await low.boundingBox(), await high.boundingBox()];
  if (from === null || to === null) {
    throw new Error('The axis of lr cannot be seen.');
  }
  const x = from.x + from.width / 2;
  await page.mouse.move(x, (from.y + to.y) / 2);
  await page.mouse.down();
  await page.mouse.move(x, from.y + from.height, { steps: 5 });
  await page.mouse.up();
  await expect(chosen).toContainText(/lr ≤ .*\d+ of 12 runs/s);

  // The lower half of the axis was dragged over: rates up to about 0.01.
  await tab('Runs');
  const grid = view.getByRole('grid', { name: 'Runs' });
  const through = Number((await grid.getAttribute('aria-rowcount')) ?? '0') - 1;
  expect(through).toBeGreaterThan(0);
  expect(through).toBeLessThan(12);
  const lowest = runs
    .sort((one, other) => Number(one.params.lr) - Number(other.params.lr))
    .slice(0, through);
  const cells = grid.getByRole('rowgroup').nth(1).getByRole('row');
  const shown = await cells.evaluateAll(rows =>
    rows.map(row => Number(row.querySelector('[role=gridcell]')?.textContent.replace(/\D/g, '')))
  );
  expect(shown.sort()).toEqual(lowest.map(run => run.number).sort());

  await tab('Curves');
  await expect(view.getByText(`${through} runs displayed`)).toBeVisible();
  const colours = () =>
    view
      .locator('canvas')
      .first()
      .evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL());
  await expect(view.locator('canvas').first()).toBeVisible();
  const light = await colours();
  await page.theme.setDarkTheme();
  await expect.poll(colours).not.toBe(light);

  await tab('Parallel');
  await high.focus();
  await page.keyboard.press('Delete');
  await expect(chosen).toHaveCount(0);
  await low.focus();
  await page.keyboard.press('PageUp');
  await expect(chosen).toContainText(/lr ≥/);
  await expect(view.getByText(/\d+ of 12 runs/).first()).toBeVisible();

  await tab('Importance');
  await expect(view.getByText(/fewer than 20|only 12/i)).toBeVisible({ timeout: 30_000 });
  expect((await summaryOf(server, sweep))?.state).toBe('finished');
});
