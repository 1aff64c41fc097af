/** Adds active sweeps and their runs to JupyterLab's list of running sessions. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRunningSessionManagers, type IRunningSessions } from '@jupyterlab/running';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { stopIcon } from '@jupyterlab/ui-components';

import { RunningSweeps } from './runningSweeps';
import type { SweepsModel } from '../models/sweepsModel';
import { ISweepsModel } from '../tokens';

export const runningPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:running',
  description: 'Lists W&B sweeps and their runs in the Running panel.',
  autoStart: true,
  requires: [ISweepsModel],
  optional: [IRunningSessionManagers, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: SweepsModel,
    managers: IRunningSessionManagers | null,
    translator: ITranslator | null
  ) => {
    if (managers === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('wandb_magic');
    const running = new RunningSweeps(model, app.commands, trans);
    const manager: IRunningSessions.IManager = {
      name: trans.__('W&B Sweeps'),
      running: ({ mode }) => running.items(mode),
      runningChanged: running.changed,
      refreshRunning: () => void model.refresh(),
      shutdownAll: () => running.stopAll(),
      shutdownLabel: trans.__('Stop'),
      shutdownAllLabel: trans.__('Stop All'),
      shutdownAllConfirmationText: () =>
        trans.__('Stop all sweeps and their runs? Logged data is kept.'),
      shutdownItemIcon: stopIcon,
      supportsMultipleViews: true
    };
    managers.add(manager);
  }
};
