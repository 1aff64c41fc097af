import { existsSync } from 'node:fs';

import {
  expect,
  held,
  killSupervisor,
  openSweep,
  reaches,
  release,
  runsOf,
  startSweep,
  summaryOf,
  test
} from './lab';

test('a sweep is paused, resumed, changed, stopped, run again and deleted', async ({
  page,
  server
}) => {
  test.slow();
  const sweep = await startSweep(server, { name: 'steered', count: 4, train: held(server) });
  const states = async () => (await runsOf(server, sweep)).map(run => run.state);
  const view = await openSweep(page, sweep);
  const verb = (name: string) => view.getByRole('button', { name, exact: true });
  await expect(view.getByText('running', { exact: true }).first()).toBeVisible();

  await verb('Pause').click();
  await expect(view.getByText('paused', { exact: true }).first()).toBeVisible();
  await reaches(server, sweep, 'paused');
  await verb('Resume').click();
  await reaches(server, sweep, 'running');

  await expect.poll(states).toEqual(['running', 'running']);
  await view.getByRole('tab', { name: 'Runs' }).click();
  const row = (number: number) =>
    view.getByRole('row').filter({ has: page.getByRole('gridcell', { name: String(number) }) });
  await row(0).first().click();
  await verb('Stop 1 run').click();
  await expect.poll(states).toEqual(['stopped', 'running', 'running']);
  await expect(row(0).getByText('stopped')).toBeVisible();

  await view.getByRole('tab', { name: 'Overview' }).click();
  await verb('Agents…').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('spinbutton').fill('3');
  await dialog.getByRole('button', { name: 'Ok' }).click();
  await expect(view.getByText('3 agents')).toBeVisible();
  await expect.poll(states).toEqual(['stopped', 'running', 'running', 'running']);

  await verb('Limits…').click();
  await dialog.getByLabel('Cost limit').fill('5');
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(dialog.getByText('A cost limit needs a price per hour.')).toBeVisible();
  await dialog.getByLabel('Price per hour').fill('1.5');
  await dialog.getByLabel('Time limit').fill('2h');
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(view.getByText(/ of 2 h 0 m; 1 h 59 m left/)).toBeVisible();
  await expect(view.getByText(/^0\.\d+ of 5\.00; [45]\.\d+ left$/)).toBeVisible();
  await expect(view.getByRole('region', { name: 'Resources' })).toContainText('run 1');

  await verb('Stop').click();
  await expect(view.getByText('stopped 4/4')).toBeVisible();
  expect(await states()).toEqual(['stopped', 'stopped', 'stopped', 'stopped']);

  await view.getByRole('tab', { name: 'Runs' }).click();
  await row(0).first().click();
  await verb('Rerun 1 run').click();
  await expect
    .poll(states, { timeout: 45_000 })
    .toEqual(['stopped', 'running', 'stopped', 'stopped', 'stopped']);
  release(server);
  await expect.poll(states).toEqual(['stopped', 'finished', 'stopped', 'stopped', 'stopped']);
  await verb('1 new').click();
  await expect(row(0).filter({ hasText: '↻1' })).toContainText('finished');

  const folder = (await summaryOf(server, sweep))?.folder ?? '';
  const ask = async () => {
    await verb('More').click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await expect(dialog).toContainText('Delete the sweep steered?');
    await expect(dialog).toContainText(folder);
    await expect(dialog).toContainText('output of 4 runs');
  };
  await expect(verb('Pause')).toHaveCount(0);
  await ask();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(existsSync(folder)).toBe(true);
  await ask();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(view).toHaveCount(0);
  expect(existsSync(folder)).toBe(false);
  expect(await summaryOf(server, sweep)).toBeUndefined();
});

test('a sweep without its supervisor says so, and is resumed', async ({ page, server }) => {
  await page.getByRole('tab', { name: 'Sweeps' }).click();
  await expect(page.getByText('No sweeps yet.')).toBeVisible();
  const sweep = await startSweep(server, { name: 'orphan', count: 3, train: held(server) });
  const item = page.getByRole('treeitem', { name: /orphan/ });
  await expect(item).toContainText('0/3', { timeout: 5000 });
  await reaches(server, sweep, 'running');
  await expect(page.getByRole('contentinfo')).toContainText('orphan 0/3');

  await killSupervisor(server, sweep);
  await expect(item).toContainText('Its supervisor is not running');
  await expect(item).toHaveAccessibleName(/orphan, died/);
  const toast = page.getByRole('alert').filter({ hasText: 'orphan' });
  await expect(toast).toBeVisible();

  await item.getByRole('button', { name: 'Resume' }).click();
  await reaches(server, sweep, 'running');
  await expect(item).toHaveAccessibleName(/orphan, running/);
  release(server);
  await reaches(server, sweep);
  await expect(item).toContainText('3/3');
  await expect(page.getByRole('alert').filter({ hasText: 'orphan has finished' })).toBeVisible();
});
