import {
  execute,
  expect,
  held,
  reaches,
  release,
  runsOf,
  startSweep,
  summaryOf,
  test
} from './lab';

test('the sidebar needs no mouse', async ({ page, server }) => {
  test.slow();
  const over = await startSweep(server, { name: 'over', count: 1, steps: 1 });
  await reaches(server, over);
  const going = await startSweep(server, { name: 'going', count: 3, train: held(server) });
  await reaches(server, going, 'running');
  await execute(page, 'wandb-magic:show-sweeps');
  const tree = page.getByRole('tree', { name: 'Sweeps' });
  const group = (name: string) => tree.getByRole('treeitem', { name, exact: true });
  const item = (name: RegExp) => tree.getByRole('treeitem', { name });
  await expect(item(/^going, running/)).toBeVisible();

  await page.getByRole('searchbox', { name: 'Filter sweeps by words' }).focus();
  for (let stops = 0; stops < 4; stops++) {
    await page.keyboard.press('Tab');
  }
  await expect(group('Active (1)')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(group('Active (1)')).toHaveAttribute('aria-expanded', 'false');
  await expect(item(/^going/)).toHaveCount(0);
  await page.keyboard.press('ArrowRight');
  await expect(group('Active (1)')).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('ArrowRight');
  await expect(item(/^going/)).toBeFocused();

  await page.keyboard.press('Tab');
  await expect(item(/^going/).getByRole('button', { name: 'Pause' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(item(/^going, paused/)).toContainText('paused on request');
  await reaches(server, going, 'paused');
  // Whoever asked knows it, and needs no notification.
  await expect(page.getByRole('alert').filter({ hasText: 'going' })).toHaveCount(0);

  // The button is gone, so the row that it was in has the focus.
  await expect(item(/^going/)).toBeFocused();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('End');
  await expect(item(/^over/)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator(`.jp-wm-SweepView[data-sweep="${over}"]`)).toBeVisible();
  await expect(item(/^over/)).toHaveAttribute('aria-selected', 'true');

  await item(/^over/).focus();
  await page.keyboard.press('Delete');
  await expect(page.getByRole('dialog')).toContainText('Delete the sweep over?');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(item(/^over/)).toHaveCount(0);
  await expect(page.locator('.jp-wm-SweepView')).toHaveCount(0);
  await expect(
    group('Active (1)')
      .or(item(/^going/))
      .and(page.locator(':focus'))
  ).toHaveCount(1);
  expect(await summaryOf(server, over)).toBeUndefined();
});

test('sweeps are where JupyterLab has what runs, and what can be done', async ({
  page,
  server
}) => {
  test.slow();
  const sweeps: string[] = [];
  for (const name of ['one', 'two']) {
    sweeps.push(await startSweep(server, { name, count: 2, agents: 1, train: held(server) }));
  }
  await Promise.all(sweeps.map(sweep => reaches(server, sweep, 'running')));
  const states = async (sweep: string) => (await runsOf(server, sweep)).map(run => run.state);
  await expect.poll(() => states(sweeps[0])).toEqual(['running']);

  await page.getByRole('contentinfo').getByText('2 sweeps').click();
  const item = page.getByRole('treeitem', { name: /^one, running/ });
  await expect(item).toBeVisible();
  await item.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Stop After Current Runs' }).click();
  await reaches(server, sweeps[0], 'stopping');
  expect(await states(sweeps[0])).toEqual(['running']);

  await execute(page, 'running:show-panel');
  const running = page.locator('.jp-RunningSessions-section', { hasText: /one.*two|two.*one/s });
  const runOfTwo = running.getByRole('treeitem', { name: /^two/ }).getByRole('treeitem');
  await expect(runOfTwo).toHaveText(/Run 0/);
  await runOfTwo.hover();
  await runOfTwo.locator('.jp-RunningSessions-itemShutdown').click();
  await expect.poll(() => states(sweeps[1])).toEqual(['stopped', 'running']);

  // The palette asks which sweep is meant where more than one can be.
  const palette = async (label: string) => {
    await execute(page, 'apputils:activate-command-palette');
    await page.locator('#modal-command-palette input').fill(label);
    await page.keyboard.press('Enter');
  };
  await palette('Pause Sweep');
  await reaches(server, sweeps[1], 'paused');
  release(server);
  await execute(page, 'wandb-magic:show-sweeps');
  await expect(page.getByRole('treeitem', { name: /^one, stopped/ })).toBeVisible();
  await palette('Resume Sweep');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').selectOption(`two (${sweeps[1]})`);
  await dialog.getByRole('button', { name: 'Ok' }).click();
  await reaches(server, sweeps[1]);

  const toast = page.getByRole('alert').filter({ hasText: 'Sweep two has finished' });
  await toast.getByRole('button', { name: 'Open' }).click();
  const view = page.locator(`.jp-wm-SweepView[data-sweep="${sweeps[1]}"]`);
  await expect(view).toBeVisible();

  // Each view has a URL, and the browser goes back and forward through what was opened.
  const shows = async (sweep: string, tab: string, run?: string) => {
    const target = `wandb-sweep=${sweep}${run === undefined ? '' : `&wandb-run=${run}`}`;
    await expect(page).toHaveURL(new RegExp(`[?]${target}&wandb-tab=${tab}$`));
    await expect(
      page.locator(`.jp-wm-View:visible [role=tab][aria-selected=true]`).last()
    ).toHaveText(new RegExp(tab, 'i'));
  };
  await shows(sweeps[1], 'overview');
  await view.getByRole('tab', { name: 'Runs' }).click();
  await shows(sweeps[1], 'runs');
  const [{ id }] = await runsOf(server, sweeps[1]);
  await execute(page, 'wandb-magic:open-run', { sweep: sweeps[1], run: id, tab: 'logs' });
  await shows(sweeps[1], 'logs', id);
  await page.goBack();
  await shows(sweeps[1], 'runs');
  await page.goBack();
  await shows(sweeps[1], 'overview');
  await page.goForward();
  await page.goForward();
  await shows(sweeps[1], 'logs', id);
  const runUrl = page.url();
  await execute(page, 'wandb-magic:open-sweep', { sweep: sweeps[0] });
  await page.goto(runUrl);
  await shows(sweeps[1], 'logs', id);
});

test.describe('Notebook 7', () => {
  test.use({ serverOptions: { app: 'notebook' } });

  test('has the sidebar, and a view below what it shows', async ({ page, server }) => {
    const sweep = await startSweep(server, { name: 'small', count: 2, steps: 2 });
    await reaches(server, sweep);
    await execute(page, 'wandb-magic:show-sweeps');
    await page.getByRole('treeitem', { name: /^small, finished/ }).click();
    const view = page.locator(`.jp-wm-SweepView[data-sweep="${sweep}"]`);
    await expect(view.getByRole('heading', { name: 'small' })).toBeVisible();
    expect((await view.boundingBox())?.height).toBeGreaterThan(150);
    await view.getByRole('tab', { name: 'Runs' }).click();
    await expect(page).toHaveURL(new RegExp(`[?&]wandb-sweep=${sweep}&wandb-tab=runs$`));
    await page.goBack();
    await expect(view.getByRole('tab', { name: 'Overview', selected: true })).toBeVisible();
  });
});
