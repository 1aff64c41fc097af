/** What all browser tests need: a page on a server of its own, notebooks, sweeps, pictures. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import AxeBuilder from '@axe-core/playwright';
import {
  galata,
  type IJupyterLabPageFixture,
  JupyterLabPage,
  test as galataTest
} from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { expect, type Locator, type Page } from '@playwright/test';

import type { RunRow, RunsPage, SweepSummary } from '../../labextension/src/api/schemas';
import { Server } from './server';

export { expect } from '@playwright/test';
export type Lab = IJupyterLabPageFixture;

// By itself, Galata gives JupyterLab fifteen seconds to start, whatever else the machine does.
const STARTING_MS = 90_000;
JupyterLabPage.prototype.waitForCondition = async (condition, timeout = STARTING_MS) => {
  await expect.poll(condition, { timeout }).toBe(true);
};

interface IFixtures {
  /** `test.use({ serverOptions: { baseUrl: '/foo' } })` sets it. */
  serverOptions: Server.IOptions;
  server: Server;
}

/**
 * Each test has a server, logged in to as a browser is, and `page` in JupyterLab (or in Notebook 7).
 * Kernels and sessions are the server's real ones.
 */
export const test = galataTest.extend<IFixtures>({
  serverOptions: [{}, { option: true }],
  server: async ({ serverOptions }, use) => {
    const server = new Server(serverOptions);
    try {
      await server.start();
      await use(server);
    } finally {
      await server.end();
    }
  },
  baseURL: ({ server }, use) => use(server.url),
  context: async ({ context, server }, use) => {
    await context.request.get(`${server.url}/lab?token=${server.token}`);
    await use(context);
  },
  appPath: ({ serverOptions }, use) => use(serverOptions.app === 'notebook' ? '' : '/lab'),
  waitForApplication: async ({ serverOptions }, use) => {
    const ready =
      serverOptions.app === 'notebook' ? '#main-panel' : '#jp-main-dock-panel [role=tab]';
    await use(async (page: Page) => {
      await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
      await page.locator(ready).first().waitFor();
    });
  },
  kernels: ({}, use) => use(null),
  sessions: ({}, use) => use(null),
  terminals: ({}, use) => use(null),
  tmpPath: async ({ server }, use) => {
    mkdirSync(join(server.root, 'work'));
    await use('work');
  }
});

/** Write a notebook with these cells below the server's root. */
export function writeNotebook(server: Server, path: string, cells: string[]): void {
  const notebook = galata.Notebook.makeNotebook(
    cells.map(source => galata.Notebook.makeCell({ source }))
  );
  mkdirSync(dirname(join(server.root, path)), { recursive: true });
  writeFileSync(join(server.root, path), JSON.stringify(notebook));
}

/** Write a notebook, and open it in Lab. */
export async function openNotebook(
  page: Lab,
  server: Server,
  path: string,
  cells: string[]
): Promise<void> {
  writeNotebook(server, path, cells);
  await page.notebook.openByPath(path);
  await page.notebook.activate(path.split('/').at(-1) ?? path);
}

/** Run all cells of the current notebook, and wait until they have ended. */
export async function runAll(page: Page): Promise<void> {
  // Without a kernel, JupyterLab takes the request and does nothing.
  await page.waitForFunction(() => {
    const { currentWidget } = window.jupyterapp.shell as { currentWidget: unknown };
    const panel = currentWidget as Partial<NotebookPanel> | null;
    const kernel = panel?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
  });
  await execute(page, 'notebook:run-all-cells');
}

/** Execute a command of the application, as the palette does. */
export async function execute(
  page: Page,
  command: string,
  args: Record<string, string | number | boolean> = {}
): Promise<void> {
  await page.evaluate(
    async ([command, args]) => {
      await window.jupyterapp.commands.execute(command, args);
    },
    [command, args] as const
  );
}

/** The cells of a small sweep that logs `loss` at each of `steps` steps, `pace` seconds apart. */
export function sweepCells(sweep: ISmallSweep = {}): string[] {
  const { name = 'small', count = 4, agents = 2, steps = 10, pace = 0, options = '' } = sweep;
  return [
    '%load_ext wandb_magic\nimport time\nimport wandb',
    `%%wandb_sweep ${config(name)} --count ${count} --agents ${agents} --seed 1 --out sweep ${options}
${sweep.train ?? body(steps, pace)}`
  ];
}

/** Start the same sweep without a notebook, as from a terminal, and return its id. */
export async function startSweep(server: Server, sweep: ISmallSweep = {}): Promise<string> {
  const { name = 'small', count = 4, agents = 2, steps = 10, pace = 0 } = sweep;
  const indented = (sweep.train ?? body(steps, pace)).replaceAll('\n', '\n    ');
  const said = await server.python(`
import time
import wandb
import wandb_magic

def train():
    ${indented}

print(wandb_magic.start(${sweep.config ?? config(name)}, train, count=${count}, agents=${agents}, seed=1).id)
`);
  return said.trim();
}

/** What a run does that goes on, logging, until `release` lets all such runs of the server end. */
export function held(server: Server): string {
  return `import os
with wandb.init() as run:
    step = 0
    while not os.path.exists(${JSON.stringify(join(server.folder, 'released'))}):
        run.log({"loss": run.config.lr + 1 / (step + 1)}, step=step)
        step += 1
        time.sleep(0.05)`;
}

/** Let the runs of `held` end. */
export function release(server: Server): void {
  writeFileSync(join(server.folder, 'released'), '');
}

export interface ISmallSweep {
  name?: string;
  count?: number;
  agents?: number;
  steps?: number;
  /** Seconds between two steps. */
  pace?: number;
  /** The sweep config as Python, instead of a small one. */
  config?: string;
  /** What a run does instead; `time` and `wandb` are imported. */
  train?: string;
  /** More options of the magic. */
  options?: string;
}

/** Ask the panel's REST interface; `path` goes on after `sweeps`. */
export async function ask<T>(server: Server, path = ''): Promise<T> {
  const response = await server.fetch(`wandb-magic/api/sweeps${path}`);
  if (!response.ok) {
    throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }
  return (await response.json()) as T;
}

/** How a sweep stands, as the server says; undefined if it does not know it (yet). */
export async function summaryOf(server: Server, sweep: string): Promise<SweepSummary | undefined> {
  const { sweeps } = await ask<{ sweeps: SweepSummary[] }>(server);
  return sweeps.find(each => each.id === sweep);
}

/** The runs of a sweep in order of their numbers, as the server says. */
export async function runsOf(server: Server, sweep: string): Promise<RunRow[]> {
  const { rows } = await ask<RunsPage>(server, `/${sweep}/runs`);
  return rows.sort((one, other) => one.number - other.number || one.attempt - other.attempt);
}

/** Wait until a sweep is in a state. */
export async function reaches(
  server: Server,
  sweep: string,
  state: SweepSummary['state'] = 'finished'
): Promise<void> {
  await expect
    .poll(async () => (await summaryOf(server, sweep))?.state, { timeout: 45_000 })
    .toBe(state);
}

/** Kill the supervisor of a sweep, as the out-of-memory killer might. */
export async function killSupervisor(server: Server, sweep: string): Promise<void> {
  const folder = (await summaryOf(server, sweep))?.folder ?? '';
  const killed = await server.python(`
import psutil

for process in psutil.process_iter(["cmdline"]):
    line = process.info["cmdline"] or []
    if "wandb_magic.supervisor" in line and ${JSON.stringify(folder)} in line:
        process.kill()
        print("killed")
`);
  expect(killed.trim()).toBe('killed');
}

/** Open a sweep's view, at one of its tabs. */
export async function openSweep(page: Page, sweep: string, tab?: string): Promise<Locator> {
  await execute(page, 'wandb-magic:open-sweep', { sweep });
  return shown(page.locator(`.jp-wm-SweepView[data-sweep="${sweep}"]`), tab);
}

/** Open a run's view, at one of its tabs. */
export async function openRun(
  page: Page,
  sweep: string,
  run: string,
  tab?: string
): Promise<Locator> {
  await execute(page, 'wandb-magic:open-run', { sweep, run });
  return shown(page.locator(`.jp-wm-RunView[data-run="${run}"]`), tab);
}

async function shown(view: Locator, tab: string | undefined): Promise<Locator> {
  await expect(view.getByRole('heading', { level: 1 })).toBeVisible();
  if (tab !== undefined) {
    await view.getByRole('tab', { name: tab, exact: true }).click();
  }
  return view;
}

/** Wait until the workspace, with this text in it, has been saved. */
export async function saved(page: Page, text: string): Promise<void> {
  await page.waitForRequest(
    request => request.method() === 'PUT' && (request.postData() ?? '').includes(text)
  );
}

/**
 * Nothing in a part of the page may be a serious hindrance. Both themes are looked at: with the dark
 * one only the colours can be others.
 */
export async function expectAccessible(page: Lab, part: string, what = part): Promise<void> {
  // What is out of sight is loaded when it comes into sight.
  const loading = page.locator(part).getByRole('status', { name: 'Loading…' });
  const inSight = (found: Element[], view: string) =>
    found.filter(each => {
      const end = each.closest(view)?.getBoundingClientRect().bottom ?? window.innerHeight;
      return each.getBoundingClientRect().top < end;
    }).length;
  await expect.poll(() => loading.evaluateAll(inSight, part), { timeout: 30_000 }).toBe(0);
  // JupyterLab's body has no height, and axe takes what overflows it for invisible.
  await page.addStyleTag({ content: 'body { height: 100vh }' });
  for (const theme of ['light', 'dark'] as const) {
    await (theme === 'light' ? page.theme.setLightTheme() : page.theme.setDarkTheme());
    // The colours of its output are a run's own.
    const axe = new AxeBuilder({ page }).include(part).exclude('.jp-wm-LogLine [class*=ansi]');
    const { passes, violations } = await (
      theme === 'light' ? axe : axe.withRules('color-contrast')
    ).analyze();
    const grave = violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => [id, html, failureSummary])
      );
    expect.soft(grave, `${what}, ${theme}`).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain('color-contrast');
  }
  await page.theme.setLightTheme();
}

/** Save pictures/<name>-light.png and -dark.png of the page, or of a part of it. */
export async function pictures(page: Lab, name: string, part?: string): Promise<void> {
  const shown = part === undefined ? page : page.locator(part);
  for (const theme of ['light', 'dark'] as const) {
    await (theme === 'light' ? page.theme.setLightTheme() : page.theme.setDarkTheme());
    await shown.screenshot({
      path: join(import.meta.dirname, '../pictures', `${name}-${theme}.png`)
    });
  }
  await page.theme.setLightTheme();
}

function config(name: string): string {
  return JSON.stringify({
    name,
    method: 'random',
    metric: { name: 'loss', goal: 'minimize' },
    parameters: {
      lr: { distribution: 'log_uniform_values', min: 1e-4, max: 1 },
      width: { values: [16, 32, 64] }
    }
  });
}

function body(steps: number, pace: number): string {
  return `with wandb.init() as run:
    for step in range(${steps}):
        run.log({"loss": run.config.lr + run.config.width / 64 + 1 / (step + 1)})
        time.sleep(${pace})`;
}
