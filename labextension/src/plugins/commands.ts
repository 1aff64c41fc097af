/** All requests to sweeps, as commands; menus with them are in schema/plugin.json. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addNotebookCommands } from '../commands/notebookCommands';
import { addRunCommands } from '../commands/runCommands';
import { addSweepCommands } from '../commands/sweepCommands';
import type { SweepsModel } from '../models/sweepsModel';
import { Commands, ISweepsModel } from '../tokens';

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:commands',
  description: 'The commands of W&B sweeps, in the palette and the launcher.',
  autoStart: true,
  requires: [ISweepsModel],
  optional: [ITranslator, ICommandPalette, ILauncher, INotebookTracker, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    model: SweepsModel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    notebooks: INotebookTracker | null,
    browser: IDefaultFileBrowser | null
  ) => {
    const trans = (translator ?? nullTranslator).load('wandb_magic');
    const context = { app, model, trans };
    addSweepCommands(context);
    addRunCommands(context);
    addNotebookCommands(context, notebooks, browser);

    const category = trans.__('W&B Sweeps');
    // Labels of the open commands name their target, which the palette cannot do.
    const needTarget: string[] = [
      Commands.openSweep,
      Commands.openRun,
      Commands.openLink,
      Commands.openNotebook,
      Commands.debugRun
    ];
    const added = app.commands.listCommands().filter(id => id.startsWith('wandb-magic:'));
    for (const command of new Set([...Object.values(Commands), ...added])) {
      if (!needTarget.includes(command)) {
        palette?.addItem({ command, category, args: { isPalette: true } });
      }
    }
    launcher?.add({
      command: Commands.newSweep,
      category: trans.__('Other'),
      args: { isLauncher: true },
      rank: 100
    });
  }
};
