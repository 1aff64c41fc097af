import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { afterEach, expect, it, vi } from 'vitest';

import { addNotebookCommands } from '../../src/commands/notebookCommands';
import type { SweepsModel } from '../../src/models/sweepsModel';
import { Commands } from '../../src/tokens';

const CODE = '%wandb_sweep debug abcd1234 3';

afterEach(() => vi.restoreAllMocks());

function setUp(path: string, readOnly = false) {
  const insertCell = vi.fn();
  const scrollToItem = vi.fn(() => Promise.resolve());
  const content = {
    model: { readOnly, sharedModel: { insertCell } },
    activeCellIndex: 1,
    scrollToItem
  };
  const panel = { id: 'panel', context: { path }, content };
  const notebooks = {
    find: (is: (each: typeof panel) => boolean) => [panel].find(is),
    currentWidget: null,
    currentChanged: { connect: vi.fn() }
  };
  const shell = { currentWidget: null, activateById: vi.fn() };
  const app = { commands: new CommandRegistry(), shell, serviceManager: {} };
  const context = {
    app: app as unknown as JupyterFrontEnd,
    model: { sweeps: [] } as unknown as SweepsModel,
    trans: nullTranslator.load('wandb_magic')
  };
  addNotebookCommands(context, notebooks as unknown as INotebookTracker, null);
  const copy = vi.spyOn(Clipboard, 'copyToSystem').mockImplementation(() => undefined);
  const debug = (from: string | null) =>
    app.commands.execute(Commands.debugRun, { sweep: 'abcd1234', number: 3, path: from });
  return { debug, insertCell, shell, copy };
}

it('debugs in a new cell of the open notebook that started the sweep', async () => {
  const { debug, insertCell, shell } = setUp('a.ipynb');
  await debug('a.ipynb');
  expect(shell.activateById).toHaveBeenCalledExactlyOnceWith('panel');
  expect(insertCell).toHaveBeenCalledExactlyOnceWith(2, {
    cell_type: 'code',
    source: CODE,
    metadata: {}
  });
});

it.each([
  ['b.ipynb', false],
  [null, false],
  ['a.ipynb', true]
])('copies the line if that notebook is not open, or read-only: %s', async (path, readOnly) => {
  const { debug, insertCell, copy } = setUp('a.ipynb', readOnly);
  const count = Notification.manager.count;
  await debug(path);
  expect(insertCell).not.toHaveBeenCalled();
  expect(copy).toHaveBeenCalledExactlyOnceWith(CODE);
  expect(Notification.manager.count).toBe(count + 1);
  expect(Notification.manager.notifications[0].message).toContain(CODE);
});
