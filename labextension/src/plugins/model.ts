/** The sweeps of this user, for all other plugins and for other extensions. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';

import { SweepsModel } from '../models/sweepsModel';
import { RestAPI } from '../api/restapi';
import { Socket } from '../api/socket';
import { ISweepsModel } from '../tokens';

export const modelPlugin: JupyterFrontEndPlugin<SweepsModel> = {
  id: 'wandb-magic:model',
  description: 'Provides the W&B sweeps of this user, live.',
  autoStart: true,
  provides: ISweepsModel,
  optional: [IStateDB],
  activate: (app: JupyterFrontEnd, state: IStateDB | null) => {
    const settings = app.serviceManager.serverSettings;
    return new SweepsModel(new RestAPI(settings), new Socket(settings), state);
  }
};
