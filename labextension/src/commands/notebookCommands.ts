/**
 * Commands from sweeps to notebooks: a new notebook, the one that started a sweep, a cell in one.
 */

import { Clipboard, Notification } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { addIcon, bugIcon, notebookIcon } from '@jupyterlab/ui-components';
import type { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { TEMPLATE_CELLS } from '../template';
import { sweepIcon } from '../icons';
import { bestParamsCode } from '../pythonCode';
import { Commands } from '../tokens';
import { findCell } from './cellSearch';
import { targetOf } from './target';
import { hasBest } from './sweepCommands';
import { addSweepCommand, showError, type ICommandContext, SWEEP_ARGS } from './command';

const OPEN_DOCUMENT = 'docmanager:open';
const RENDER_MS = 5000;

export function addNotebookCommands(
  context: ICommandContext,
  notebooks: INotebookTracker | null,
  browser: IDefaultFileBrowser | null
): void {
  const { app, trans } = context;
  const { commands, serviceManager } = app;

  commands.addCommand(Commands.newSweep, {
    label: args =>
      args.isLauncher === true ? trans.__('New Sweep') : trans.__('New Sweep Notebook'),
    caption: trans.__('Open a new notebook with a small example sweep'),
    icon: args =>
      args.isPalette === true ? undefined : args.isLauncher === true ? sweepIcon : addIcon,
    describedBy: { args: NEW_ARGS },
    execute: async args => {
      const cwd = typeof args.cwd === 'string' ? args.cwd : (browser?.model.path ?? '');
      try {
        const { contents, kernelspecs } = serviceManager;
        await kernelspecs.ready;
        const file = await contents.newUntitled({ path: cwd, type: 'notebook' });
        const content = exampleNotebook(kernelspecs.specs?.default ?? 'python3');
        await contents.save(file.path, { type: 'notebook', format: 'json', content });
        await commands.execute(OPEN_DOCUMENT, { path: file.path });
      } catch (error) {
        showError(error);
      }
    }
  });

  commands.addCommand(Commands.openNotebook, {
    label: trans.__('Open Notebook'),
    caption: trans.__('Open the notebook that started the sweep'),
    icon: notebookIcon,
    describedBy: { args: OPEN_ARGS },
    isEnabled: args => typeof args.path === 'string' || targetOf(app, args).sweep !== undefined,
    execute: async args => {
      try {
        const { path, text } = await resolveNotebook(context, args);
        await commands.execute(OPEN_DOCUMENT, { path });
        const panel = notebooks?.find(panel => panel.context.path === path);
        if (panel !== undefined) {
          await revealCell(panel, text, typeof args.line === 'number' ? args.line : null);
        }
      } catch (error) {
        showError(error);
      }
    }
  });

  commands.addCommand(Commands.debugRun, {
    label: trans.__('Debug in the Notebook'),
    caption: trans.__(
      'Insert a cell that opens the debugger where the run failed into the notebook of the sweep'
    ),
    icon: bugIcon,
    describedBy: { args: DEBUG_ARGS },
    execute: async ({ sweep, number, path }) => {
      const code = `%wandb_sweep debug ${sweep as string} ${number as number}`;
      const panel = notebooks?.find(({ context }) => context.path === path);
      if (panel?.content.model?.readOnly === false) {
        app.shell.activateById(panel.id);
        await insertBelow(panel, code);
        return;
      }
      Clipboard.copyToSystem(code);
      Notification.info(
        trans.__('Copied, because the notebook of the sweep is not open: %1', code)
      );
    }
  });

  if (notebooks === null) {
    return;
  }
  addSweepCommand(context, Commands.insertBest, {
    label: trans.__('Insert Best as Cell'),
    longLabel: trans.__('Insert the Best Parameters of a Sweep as Cell'),
    caption: trans.__(
      'Insert a cell with the parameters of the best run into the current notebook'
    ),
    icon: addIcon,
    isAllowed: sweep =>
      hasBest(sweep) && notebooks.currentWidget?.content.model?.readOnly === false,
    isAlwaysVisible: true,
    execute: async sweep => {
      const panel = notebooks.currentWidget;
      if (panel !== null && sweep.best !== null) {
        app.shell.activateById(panel.id);
        await insertBelow(panel, bestParamsCode(sweep, sweep.best));
      }
    }
  });
  notebooks.currentChanged.connect(() => commands.notifyCommandChanged(Commands.insertBest));
}

/** Which notebook to open, and the text of the cell to look for. */
async function resolveNotebook(
  { app, model, trans }: ICommandContext,
  args: ReadonlyPartialJSONObject
): Promise<{ path: string; text: string }> {
  if (typeof args.path === 'string' && typeof args.text === 'string') {
    return { path: args.path, text: args.text };
  }
  const { sweep } = targetOf(app, args);
  const detail = sweep === undefined ? null : await model.api.sweep(sweep);
  const path = typeof args.path === 'string' ? args.path : detail?.notebook;
  if (path == null) {
    throw new Error(
      trans.__(
        'The notebook that started the sweep is unknown, or is not in a folder of this server.'
      )
    );
  }
  const text = detail === null ? '' : `${detail.line}\n${detail.code}`;
  return { path, text: typeof args.text === 'string' ? args.text : text };
}

async function insertBelow({ content }: NotebookPanel, source: string): Promise<void> {
  const index = content.activeCellIndex + 1;
  content.model?.sharedModel.insertCell(index, { cell_type: 'code', source, metadata: {} });
  content.activeCellIndex = index;
  await content.scrollToItem(index, 'smart');
}

/** Scroll to the cell with a text, and to one of its lines (from 1). */
async function revealCell(panel: NotebookPanel, text: string, line: number | null): Promise<void> {
  await panel.context.ready;
  await panel.revealed;
  const { content } = panel;
  const index = findCell(
    content.widgets.map(({ model }) => model.sharedModel.getSource()),
    text
  );
  if (index < 0) {
    return;
  }
  content.activeCellIndex = index;
  await content.scrollToItem(index, 'center');
  const cell = content.widgets[index];
  // A cell that has not been visible yet gets its editor once it is scrolled to.
  const timeout = new Promise(done => window.setTimeout(done, RENDER_MS));
  await Promise.race([cell.ready, timeout]);
  if (line !== null && cell.editor !== null) {
    cell.editor.setCursorPosition({ line: line - 1, column: 0 });
    cell.editor.focus();
  }
}

function exampleNotebook(kernel: string): JSONObject {
  return {
    cells: TEMPLATE_CELLS.map((source, index) => ({
      cell_type: 'code',
      id: `sweep-${index + 1}`,
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    })),
    metadata: { kernelspec: { name: kernel, display_name: kernel } },
    nbformat: 4,
    nbformat_minor: 5
  };
}

const NEW_ARGS = {
  type: 'object',
  properties: {
    cwd: { type: 'string', description: 'The folder; that of the file browser by default.' }
  }
} satisfies JSONObject;

const DEBUG_ARGS = {
  type: 'object',
  properties: {
    sweep: { type: 'string', description: 'The id of the sweep.' },
    number: { type: 'integer', minimum: 0, description: 'The number of the run.' },
    path: { type: 'string', description: 'The notebook that started the sweep.' }
  }
} satisfies JSONObject;

const OPEN_ARGS = {
  type: 'object',
  properties: {
    ...SWEEP_ARGS.properties,
    path: { type: 'string', description: 'The notebook; that of the sweep by default.' },
    text: {
      type: 'string',
      description:
        'The text of a cell, or its first line, to scroll to; the cell of the sweep by default.'
    },
    line: { type: 'integer', minimum: 1, description: 'A line of that cell.' }
  }
} satisfies JSONObject;
