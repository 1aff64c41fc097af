/** Deletes a sweep that is not running, even if it cannot be read, and always asks first. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { deleteIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Commands } from '../tokens';
import { canDelete } from '../models/capabilities';
import { hasExplicitTarget, targetOf } from './target';
import { showError, type ICommandContext, pickSweep, SWEEP_ARGS } from './command';

/** A sweep that can be deleted, and what would be lost. */
interface IDeletableSweep {
  id: string;
  name: string;
  consequence: string;
}

export function addDeleteCommand({ app, model, trans }: ICommandContext): void {
  const deletableSweeps = (): IDeletableSweep[] => [
    ...model.sweeps.filter(canDelete).map(({ id, name, ended, folder }) => ({
      id,
      name,
      consequence: trans._n(
        'This permanently deletes its folder %2, with the results and output of %1 run, the config and the code. W&B’s own record of the run is kept.',
        'This permanently deletes its folder %2, with the results and output of %1 runs, the config and the code. W&B’s own records of the runs are kept.',
        ended,
        folder
      )
    })),
    ...model.unreadable.map(({ id, name, reason }) => ({
      id,
      name: name || id,
      consequence: trans.__(
        '%1 This permanently deletes its folder, with everything that could still be recovered from it. W&B’s own records of the runs are kept.',
        reason
      )
    }))
  ];
  const candidates = (args: ReadonlyPartialJSONObject): IDeletableSweep[] => {
    const { sweep } = targetOf(app, args);
    const matches = deletableSweeps().filter(({ id }) => id === sweep);
    return hasExplicitTarget(args) || matches.length > 0 ? matches : deletableSweeps();
  };
  app.commands.addCommand(Commands.remove, {
    label: args => (args.isPalette === true ? trans.__('Delete Sweep…') : trans.__('Delete…')),
    caption: trans.__('Delete the folder of a sweep that is not active'),
    icon: args => (args.isPalette === true ? undefined : deleteIcon),
    describedBy: { args: SWEEP_ARGS },
    isEnabled: args => candidates(args).length > 0,
    execute: async args => {
      const sweep = await pickSweep(candidates(args), trans, trans.__('Delete Sweep…'));
      if (sweep === null) {
        return;
      }
      const { button } = await showDialog({
        title: trans.__('Delete the sweep %1?', sweep.name),
        body: sweep.consequence,
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })],
        defaultButton: 0
      });
      if (button.accept) {
        await model.deleteSweep(sweep.id).catch(showError);
      }
    }
  });
}
