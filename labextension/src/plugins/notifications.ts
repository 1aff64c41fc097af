/** Notifies when a sweep ends, pauses or loses its supervisor while no view of it is visible. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { currentTarget } from '../commands/target';
import type { SweepsModel } from '../models/sweepsModel';
import { type NotificationLevel, notificationFor } from '../models/stateNotification';
import { Commands, ISweepsModel, PLUGIN } from '../tokens';

/** A problem stays until the user dismisses it. */
const INFO_MS = 8000;

export const notificationsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:toasts',
  description: 'Notifies when a W&B sweep ends, pauses or loses its supervisor.',
  autoStart: true,
  requires: [ISweepsModel],
  optional: [ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    model: SweepsModel,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('wandb_magic');
    const settings = await registry?.load(PLUGIN).catch(() => null);
    model.stateChanged.connect((_, transition) => {
      const { id } = transition.sweep;
      const level = (settings?.composite.notifications ?? 'all') as NotificationLevel;
      const notification = notificationFor(transition, level, trans);
      const isVisible =
        !document.hidden && (model.isWatched(id) || currentTarget(app).sweep === id);
      // Changes that this page requested are not news to its user.
      if (notification === null || isVisible || transition.isRequested) {
        return;
      }
      const { kind, message } = notification;
      const important = kind === 'warning' || kind === 'error';
      Notification.emit(message, kind, {
        autoClose: important ? false : INFO_MS,
        actions: [
          {
            label: trans.__('Open'),
            callback: () => void app.commands.execute(Commands.openSweep, { sweep: id })
          }
        ]
      });
    });
  }
};
