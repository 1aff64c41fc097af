/** Notifications when a sweep ends, pauses or loses its supervisor while nobody looks at it. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { subjectInFront } from '../commands/subject';
import type { Model } from '../model';
import { type Notifications, toastOf } from '../toasts';
import { Commands, IModel, PLUGIN } from '../tokens';

/** A problem stays until somebody has seen it. */
const NEWS_MS = 8000;

export const toastsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:toasts',
  description: 'Tells when a W&B sweep ends, pauses or loses its supervisor.',
  autoStart: true,
  requires: [IModel],
  optional: [ISettingRegistry, ITranslator],
  activate: async (
    app: JupyterFrontEnd,
    model: Model,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('wandb_magic');
    const settings = await registry?.load(PLUGIN).catch(() => null);
    model.transitions.connect((_, transition) => {
      const { id } = transition.sweep;
      const wanted = (settings?.composite.notifications ?? 'all') as Notifications;
      const toast = toastOf(transition, wanted, trans);
      const watched =
        !document.hidden && (model.isWatched(id) || subjectInFront(app).sweep === id);
      // What was asked for on this page is no news to whoever asked.
      if (toast === null || watched || transition.asked) {
        return;
      }
      const { kind, message } = toast;
      const important = kind === 'warning' || kind === 'error';
      Notification.emit(message, kind, {
        autoClose: important ? false : NEWS_MS,
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
