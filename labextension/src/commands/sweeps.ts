/** The verbs of a sweep. */

import { Clipboard, InputDialog, Notification } from '@jupyterlab/apputils';
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

import { bestAsPython } from '../python';
import { Commands } from '../tokens';
import {
  canPause,
  canRerunFailed,
  canResume,
  canSetAgents,
  canSetCount,
  canStop,
  canSync
} from '../verbs';
import type { SweepSummary } from '../wire';
import { addRemoving } from './removing';
import { addVerb, type IDesk } from './verb';

export function addSweepCommands(desk: IDesk): void {
  const { model, trans } = desk;
  addVerb(desk, Commands.pause, {
    label: trans.__('Pause'),
    full: trans.__('Pause Sweep'),
    caption: trans.__('Start no more runs; those that run go on'),
    icon: pauseIcon,
    can: canPause,
    execute: ({ id }) => model.request(id, 'pause')
  });
  addVerb(desk, Commands.resume, {
    label: trans.__('Resume'),
    full: trans.__('Resume Sweep'),
    caption: trans.__('Go on where the sweep was paused, stopped or lost its supervisor'),
    icon: runIcon,
    can: canResume,
    execute: ({ id }) => model.request(id, 'resume')
  });
  addVerb(desk, Commands.stop, {
    label: trans.__('Stop'),
    full: trans.__('Stop Sweep'),
    caption: trans.__('Stop all runs and the sweep; what they logged is kept'),
    icon: stopIcon,
    can: canStop,
    execute: ({ id }) => model.request(id, 'stop')
  });
  addVerb(desk, Commands.drain, {
    label: trans.__('Stop After Current Runs'),
    full: trans.__('Stop Sweep After Current Runs'),
    caption: trans.__('Start no more runs, and stop when those that run have ended'),
    can: canStop,
    execute: ({ id }) => model.request(id, 'stop', { drain: true })
  });
  addVerb(desk, Commands.setAgents, {
    label: trans.__('Agents…'),
    full: trans.__('Change the Agents of a Sweep…'),
    caption: trans.__('Change how many runs execute at a time'),
    icon: usersIcon,
    can: canSetAgents,
    execute: async (sweep, args) => {
      const title = trans.__('Agents of %1: how many runs execute at a time', sweep.name);
      const agents = await numberOf(args.agents, title, sweep.agents);
      if (agents !== null) {
        await model.request(sweep.id, 'set_agents', { agents });
      }
    }
  });
  addVerb(desk, Commands.setCount, {
    label: trans.__('Count…'),
    full: trans.__('Change the Count of a Sweep…'),
    caption: trans.__('Change how many runs there will be in all'),
    icon: numberingIcon,
    can: canSetCount,
    execute: async (sweep, args) => {
      const title = trans.__('Count of %1: how many runs there will be in all', sweep.name);
      const count = await numberOf(args.count, title, sweep.count ?? sweep.ended);
      if (count !== null) {
        await model.request(sweep.id, 'set_count', { count });
      }
    }
  });
  addVerb(desk, Commands.rerunFailed, {
    label: trans.__('Run the Failed Ones Again'),
    full: trans.__('Run the Failed Runs of a Sweep Again'),
    caption: trans.__('Start a run for each set of parameters whose newest run failed'),
    icon: refreshIcon,
    can: canRerunFailed,
    execute: ({ id }) => model.request(id, 'rerun_failed')
  });
  addVerb(desk, Commands.sync, {
    label: trans.__('Send to W&B'),
    full: trans.__('Send a Sweep to W&B'),
    caption: trans.__('Make a real W&B sweep with all runs of this one'),
    icon: fileUploadIcon,
    can: canSync,
    execute: async ({ id, name }) => {
      const making = trans.__('%1: making the sweep at W&B …', name);
      const said = Notification.emit(making, 'in-progress', { autoClose: false });
      try {
        await model.request(id, 'sync');
      } finally {
        Notification.dismiss(said);
      }
      Notification.success(trans.__('%1 is at W&B; its runs follow one by one.', name));
    }
  });
  addVerb(desk, Commands.copyBest, {
    label: trans.__('Copy Best as Python'),
    full: trans.__('Copy the Best Parameters of a Sweep as Python'),
    caption: trans.__('Copy the parameters of the best run'),
    icon: copyIcon,
    can: hasBest,
    execute: sweep => {
      if (sweep.best !== null) {
        Clipboard.copyToSystem(bestAsPython(sweep, sweep.best));
        const said = trans.__('The parameters of run %1 are in the clipboard.', sweep.best.number);
        Notification.success(said, { autoClose: 2000 });
      }
      return Promise.resolve();
    }
  });
  addRemoving(desk);
}

export function hasBest(sweep: SweepSummary): boolean {
  return sweep.best !== null;
}

/** A whole number from 1: the one that was given, or else asked for; null if nobody wants one. */
async function numberOf(given: unknown, title: string, value: number): Promise<number | null> {
  if (typeof given === 'number') {
    return given;
  }
  const asked = await InputDialog.getNumber({ title, value });
  return asked.button.accept ? asked.value : null;
}
