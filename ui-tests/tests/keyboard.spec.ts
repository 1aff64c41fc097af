import { expect, execute, reaches, startSweep, summaryOf, test } from './lab';

test('a sweep is looked through, and runs compared, without a mouse', async ({ page, server }) => {
  const sweep = await startSweep(server, { name: 'keys', count: 6, steps: 3 });
  await reaches(server, sweep);
  const { keyboard } = page;
  await execute(page, 'wandb-magic:show-sweeps');
  const item = page.getByRole('treeitem', { name: /^keys, finished/ });
  // Neither direction of the Tab key is trapped in the list.
  const tree = page.getByRole('tree', { name: 'Sweeps' });
  const isInTree = () => tree.evaluate(list => list.contains(document.activeElement));
  for (const key of ['Tab', 'Shift+Tab']) {
    await item.focus();
    for (let stops = 0; stops < 8 && (await isInTree()); stops += 1) {
      await keyboard.press(key);
    }
    expect(await isInTree()).toBe(false);
  }
  await item.focus();
  await keyboard.press('Enter');
  const view = page.locator(`.jp-wm-SweepView[data-sweep="${sweep}"]`);
  const tab = (name: string) => view.getByRole('tab', { name });
  await expect(tab('Overview')).toHaveAttribute('aria-selected', 'true');

  /** Go on with the Tab key until something has the focus. */
  const tabTo = async (wanted: ReturnType<typeof tab>) => {
    for (let stops = 0; stops < 30; stops += 1) {
      await keyboard.press('Tab');
      if (await wanted.evaluate(element => element === document.activeElement)) {
        return;
      }
    }
    throw new Error('The Tab key does not lead there.');
  };
  await tabTo(tab('Overview'));
  await keyboard.press('ArrowRight');
  await expect(tab('Runs')).toBeFocused();
  const grid = view.getByRole('grid', { name: 'Runs' });
  await expect(grid).toHaveAttribute('aria-rowcount', '7');
  await tabTo(grid);
  const active = async () =>
    page.locator(`[id="${(await grid.getAttribute('aria-activedescendant')) ?? ''}"]`);
  await keyboard.press('ArrowDown');
  await expect(await active()).toContainText('0');
  await keyboard.press('Space');
  await keyboard.press('ArrowDown');
  await keyboard.press('ArrowDown');
  await keyboard.press('Space');
  const chosen = view.getByRole('group', { name: 'Chosen runs' });
  await expect(chosen).toContainText('2 of 6 selected');
  await expect(grid.getByRole('row', { selected: true })).toHaveCount(2);

  // The header has a menu for each column.
  await keyboard.press('ArrowRight');
  await keyboard.press('ArrowRight');
  for (let rows = 0; rows < 3; rows += 1) {
    await keyboard.press('ArrowUp');
  }
  await expect(await active()).toHaveRole('columnheader');
  await keyboard.press('Alt+ArrowDown');
  const menu = page.getByRole('dialog', { name: 'loss' });
  await expect(menu).toBeVisible();
  await menu.getByRole('button', { name: 'Descending' }).press('Enter');
  await keyboard.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(grid).toBeFocused();
  await expect(view.getByRole('columnheader', { name: 'loss' })).toHaveAttribute(
    'aria-sort',
    'descending'
  );

  await tab('Runs').focus();
  await keyboard.press('End');
  await keyboard.press('ArrowLeft');
  await expect(tab('Compare')).toBeFocused();
  await expect(view.getByRole('tabpanel')).toContainText('Different parameters');

  await tab('Compare').focus();
  await keyboard.press('Shift+Tab');
  const more = view.getByRole('button', { name: 'More' });
  await expect(more).toBeFocused();
  await keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Delete…' }).waitFor();
  await keyboard.press('ArrowUp');
  await keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: /Delete the sweep keys/ });
  await expect(dialog).toBeVisible();
  await keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  expect(await summaryOf(server, sweep)).toBeDefined();
});
