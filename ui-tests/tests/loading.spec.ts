import type { Page } from '@playwright/test';

import { expect, test } from './lab';
import type { Server } from './server';

const SERVERS: Record<string, Server.IOptions> = {
  JupyterLab: {},
  'the oldest JupyterLab': { environment: '.venvs/lab-oldest' },
  'Notebook 7': { app: 'notebook' },
  'the oldest Notebook 7': { app: 'notebook', environment: '.venvs/lab-oldest' },
  'JupyterLab behind a base url': { baseUrl: '/foo' }
};

for (const [where, serverOptions] of Object.entries(SERVERS)) {
  test.describe(where, () => {
    test.use({ serverOptions });

    test('loads the front end, and nothing is wrong in the console', async ({ page }) => {
      const said = complaints(page);
      await page.reload();
      expect(page.url()).toContain(serverOptions.baseUrl ?? '');
      await page.waitForFunction(() => window.jupyterapp.isPluginActivated('wandb-magic:plugin'));
      expect(said).toEqual([]);
    });
  });
}

/** Collect the warnings and errors that come from our code or are about it, from now on. */
function complaints(page: Page): string[] {
  const said: string[] = [];
  page.on('console', message => {
    const ours = `${message.location().url} ${message.text()}`.includes('wandb-magic');
    if (ours && ['error', 'warning'].includes(message.type())) {
      said.push(message.text());
    }
  });
  page.on('pageerror', error => {
    if (error.stack?.includes('wandb-magic')) {
      said.push(error.stack);
    }
  });
  return said;
}
