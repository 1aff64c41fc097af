/** The verbs of a sweep. */

import { Clipboard, Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';
import {
  copyIcon,
  fileUploadIcon,
  numberingIcon,
  pauseIcon,
  refreshIcon,
  runIcon,
  stopIcon,
  usersIcon
} from '@jupyterlab/ui-components';

import { bestParamsCode } from '../pythonCode';
import { Commands } from '../tokens';
import { canRequest } from '../models/capabilities';
import { limitsRefusal } from '../models/limits';
import type { SweepSummary } from '../api/schemas';
import { addDeleteCommand } from './deleteCommand';
import { addSweepCommand, type ICommandContext } from './command';
import { askLimits } from './limitsDialog';

export function addSweepCommands(context: ICommandContext): void {
  const { model, trans } = context;
  addSweepCommand(context, Commands.pause, {
    label: trans.__('Pause'),
    longLabel: trans.__('Pause Sweep'),
    caption: trans.__('Start no new runs; current runs continue'),
    icon: pauseIcon,
    isAllowed: sweep => canRequest('pause', sweep),
    execute: ({ id }) => model.request(id, 'pause', {})
  });
  addSweepCommand(context, Commands.resume, {
    label: trans.__('Resume'),
    longLabel: trans.__('Resume Sweep'),
    caption: trans.__('Continue a sweep that was paused or stopped, or whose supervisor died'),
    icon: runIcon,
    isAllowed: sweep => canRequest('resume', sweep),
    execute: ({ id }) => model.request(id, 'resume', {})
  });
  addSweepCommand(context, Commands.stop, {
    label: trans.__('Stop'),
    longLabel: trans.__('Stop Sweep'),
    caption: trans.__('Stop the sweep and all its runs; logged data is kept'),
    icon: stopIcon,
    isAllowed: sweep => canRequest('stop', sweep),
    execute: ({ id }) => model.request(id, 'stop', {})
  });
  addSweepCommand(context, Commands.drain, {
    label: trans.__('Stop After Current Runs'),
    longLabel: trans.__('Stop Sweep After Current Runs'),
    caption: trans.__('Start no new runs, and stop when the current runs have ended'),
    isAllowed: sweep => canRequest('stop', sweep),
    execute: ({ id }) => model.request(id, 'stop', { drain: true })
  });
  addSweepCommand(context, Commands.setAgents, {
    label: trans.__('Agents…'),
    longLabel: trans.__('Change the Agents of a Sweep…'),
    caption: trans.__('Change how many runs execute at the same time'),
    icon: usersIcon,
    isAllowed: sweep => canRequest('set_agents', sweep),
    execute: async (sweep, args) => {
      const title = trans.__(
        'Agents of %1: number of runs that execute at the same time',
        sweep.name
      );
      const agents = await askNumber(args.agents, title, sweep.agents);
      if (agents !== null) {
        await model.request(sweep.id, 'set_agents', { agents });
      }
    }
  });
  addSweepCommand(context, Commands.setCount, {
    label: trans.__('Count…'),
    longLabel: trans.__('Change the Count of a Sweep…'),
    caption: trans.__('Change the total number of runs'),
    icon: numberingIcon,
    isAllowed: sweep => canRequest('set_count', sweep),
    execute: async (sweep, args) => {
      const title = trans.__('Count of %1: total number of runs', sweep.name);
      const count = await askNumber(args.count, title, sweep.count ?? sweep.ended);
      if (count !== null) {
        await model.request(sweep.id, 'set_count', { count });
      }
    }
  });
  addSweepCommand(context, Commands.setLimits, {
    label: trans.__('Limits…'),
    longLabel: trans.__('Change the Limits of a Sweep…'),
    caption: trans.__('Change the time, the cost or the flatness that ends the sweep'),
    isAllowed: sweep => limitsRefusal(sweep, trans) === '',
    isAlwaysVisible: true,
    refusal: sweep => limitsRefusal(sweep, trans),
    execute: async (sweep, args) => {
      const limits =
        typeof args.limits === 'object' && args.limits !== null
          ? (args.limits as Record<string, unknown>)
          : await askLimits(sweep, trans);
      if (limits !== null) {
        await model.request(sweep.id, 'set_limits', { limits });
      }
    }
  });
  addSweepCommand(context, Commands.rerunFailed, {
    label: trans.__('Rerun Failed Runs'),
    longLabel: trans.__('Rerun the Failed Runs of a Sweep'),
    caption: trans.__('Start a new run for each set of parameters whose latest run failed'),
    icon: refreshIcon,
    isAllowed: sweep => canRequest('rerun_failed', sweep),
    execute: ({ id }) => model.request(id, 'rerun_failed', {})
  });
  addSweepCommand(context, Commands.sync, {
    label: trans.__('Send to W&B…'),
    longLabel: trans.__('Send a Sweep to W&B…'),
    caption: trans.__('Create a W&B sweep with all runs of this sweep'),
    icon: fileUploadIcon,
    isAllowed: sweep => canRequest('sync', sweep),
    execute: async ({ id, name, ended }) => {
      // What is uploaded may be seen by others, and cannot be taken back from here.
      const { button } = await showDialog({
        title: trans.__('Send the sweep %1 to W&B?', name),
        body: trans._n(
          'This creates a sweep in your W&B account, and uploads %1 run with its parameters, history, output, media and artifacts.',
          'This creates a sweep in your W&B account, and uploads %1 runs with their parameters, history, output, media and artifacts.',
          ended
        ),
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Send') })]
      });
      if (!button.accept) {
        return;
      }
      const message = trans.__('%1: creating the sweep on W&B…', name);
      const notificationId = Notification.emit(message, 'in-progress', { autoClose: false });
      try {
        await model.request(id, 'sync', {});
      } finally {
        Notification.dismiss(notificationId);
      }
      Notification.success(trans.__('%1 is on W&B; its runs are being uploaded.', name));
    }
  });
  addSweepCommand(context, Commands.copyBest, {
    label: trans.__('Copy Best as Python'),
    longLabel: trans.__('Copy the Best Parameters of a Sweep as Python'),
    caption: trans.__('Copy the parameters of the best run'),
    icon: copyIcon,
    isAllowed: hasBest,
    execute: sweep => {
      if (sweep.best !== null) {
        Clipboard.copyToSystem(bestParamsCode(sweep, sweep.best));
        const message = trans.__(
          'Copied the parameters of run %1 to the clipboard.',
          sweep.best.number
        );
        Notification.success(message, { autoClose: 2000 });
      }
      return Promise.resolve();
    }
  });
  addDeleteCommand(context);
}

export function hasBest(sweep: SweepSummary): boolean {
  return sweep.best !== null;
}

/** A whole number from 1: the argument, or else the user's answer; null if the user cancels. */
async function askNumber(argument: unknown, title: string, value: number): Promise<number | null> {
  if (typeof argument === 'number') {
    return argument;
  }
  const result = await InputDialog.getNumber({ title, value });
  return result.button.accept ? result.value : null;
}
