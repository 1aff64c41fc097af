/** The sweeps of this user, for all other plugins and for other extensions. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStateDB } from '@jupyterlab/statedb';

import { Model } from '../model';
import { RestAPI } from '../restapi';
import { Socket } from '../socket';
import { IModel } from '../tokens';

export const modelPlugin: JupyterFrontEndPlugin<Model> = {
  id: 'wandb-magic:model',
  description: 'Knows the W&B sweeps of this user, live.',
  autoStart: true,
  provides: IModel,
  optional: [IStateDB],
  activate: (app: JupyterFrontEnd, state: IStateDB | null) => {
    const settings = app.serviceManager.serverSettings;
    return new Model(new RestAPI(settings), new Socket(settings), state);
  }
};
