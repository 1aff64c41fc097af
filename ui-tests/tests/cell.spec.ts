import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  ask,
  execute,
  expect,
  held,
  openNotebook,
  reaches,
  release,
  runAll,
  summaryOf,
  sweepCells,
  test,
  writeNotebook
} from './lab';
import type { Server } from './server';
import type { Sweeps } from '../../labextension/src/api/schemas';

test('from an empty JupyterLab to the best run', async ({ page, server }) => {
  await page.getByRole('tab', { name: 'Sweeps' }).click();
  await expect(page.getByText('No sweeps yet.')).toBeVisible();
  await page.locator('.jp-wm-Sidebar-empty').getByRole('button', { name: 'New Sweep' }).click();
  await expect(page.locator('.jp-Notebook .jp-CodeCell')).toHaveCount(3);

  // The last cell waits for the sweep.
  await runAll(page);
  const [{ id, name, best }] = (await ask<Sweeps>(server)).sweeps;
  await reaches(server, id);
  const output = page.getByRole('region', { name: `Sweep ${name}` });
  await expect(output).toContainText('finished 20/20');
  await expect(output.getByRole('table', { name: 'Newest runs' }).getByRole('row')).toHaveCount(5);
  await expect(page.locator('.jp-CodeCell').last()).toContainText(
    `'lr': ${String(best?.params.lr)}`
  );

  const item = page.getByRole('treeitem', { name: `${name}, finished` });
  await expect(item).toContainText('20/20');
  await item.click();
  const view = page.locator(`.jp-wm-SweepView[data-sweep="${id}"]`);
  const bestRun = view.getByRole('region', { name: 'Best run' });
  await expect(bestRun).toContainText(`run ${best?.number}`);
  await bestRun.getByRole('button', { name: 'Insert Best as Cell' }).click();
  await expect(page.locator('.jp-CodeCell', { hasText: 'best = ' })).toContainText(
    String(best?.params.lr)
  );
});

test('the output of a cell is live, finds its sweep again, and says when it is gone', async ({
  page,
  server
}) => {
  await openNotebook(
    page,
    server,
    'work/kept.ipynb',
    sweepCells({ name: 'kept', count: 2, train: held(server) })
  );
  await runAll(page);
  const output = page.getByRole('region', { name: 'Sweep kept' });
  await expect(output).toContainText('running 0/2');
  await expect(output.getByRole('row').filter({ hasText: 'running' })).toHaveCount(2);
  const [{ id }] = (await ask<Sweeps>(server)).sweeps;
  await execute(page, 'docmanager:save');
  await page.reload();
  await expect(output).toContainText('running 0/2');
  release(server);
  await expect(output).toContainText('finished 2/2', { timeout: 45_000 });
  // Only a save writes the end into the document, which does not change until then.
  await expect(page.locator('.jp-mod-dirty')).toHaveCount(0);
  expect(savedText(server, 'work/kept.ipynb')).toMatch(/kept ◐ 0\/2 .*as of 2/);
  await execute(page, 'docmanager:save');
  await expect
    .poll(() => savedText(server, 'work/kept.ipynb'))
    .toMatch(/kept ✓ finished 2\/2 .*as of 2/);

  await server.python(`import wandb_magic; wandb_magic.attach("${id}").delete()`);
  await expect.poll(() => summaryOf(server, id)).toBeUndefined();
  await page.reload();
  const gone = page.getByRole('region', { name: `Sweep ${id}` });
  await expect(gone).toContainText(`The sweep ${id} was not found`);
  await expect(page.locator('.jp-wm-SweepRenderer')).toContainText('kept');
});

test.describe('Notebook 7', () => {
  test.use({ serverOptions: { app: 'notebook' } });

  test('shows the sweep under its cell, and opens its view below', async ({ page, server }) => {
    writeNotebook(server, 'work/small.ipynb', sweepCells({ count: 2, steps: 3 }));
    await page.goto('notebooks/work/small.ipynb');
    await runAll(page);
    const output = page.getByRole('region', { name: 'Sweep small' });
    await expect(output).toContainText('finished 2/2', { timeout: 45_000 });
    await output.getByRole('button', { name: 'Open' }).click();
    await expect(page.locator('.jp-wm-SweepView').getByRole('heading', { level: 1 })).toHaveText(
      'small'
    );
  });
});

/** What is on disk of a notebook. */
function savedText(server: Server, path: string): string {
  return readFileSync(join(server.root, path), 'utf8');
}
