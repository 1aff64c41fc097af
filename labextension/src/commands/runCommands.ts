/** The verbs of a run. */

import { Notification } from '@jupyterlab/apputils';
import { refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Commands } from '../tokens';
import { canRequestForRun } from '../models/capabilities';
import type { RunVerb } from '../api/requests';
import type { RunRow } from '../api/schemas';
import { type ITarget, targetOf } from './target';
import { showError, type ICommandContext, RUN_ARGS } from './command';
import { addDuplicateCommand } from './duplicateCommand';

const NOTIFICATION_MS = 3000;

export function addRunCommands({ app, model, trans }: ICommandContext): void {
  const target = (args: ReadonlyPartialJSONObject) => targetOf(app, args);
  /** If no open view knows the state of a run, the command is allowed: the server decides. */
  const isAllowed = (verb: RunVerb) => (args: ReadonlyPartialJSONObject) => {
    const { sweep, run } = target(args);
    const state = sweep && run ? model.run(sweep, run)?.state : undefined;
    return run !== undefined && (state === undefined || canRequestForRun(verb, state));
  };
  /** Returns whether the request succeeded. */
  const sendRequest = async (verb: RunVerb, { sweep, run }: ITarget): Promise<boolean> => {
    try {
      if (sweep !== undefined && run !== undefined) {
        await model.request(sweep, verb, { run });
        return true;
      }
    } catch (error) {
      showError(error);
    }
    return false;
  };

  /** Requests in a row share one notification. */
  let [notificationId, count] = ['', 0];
  const notifyRerun = (): void => {
    count = Notification.manager.has(notificationId) ? count + 1 : 1;
    const message = trans._n(
      'A run with the same parameters will start.',
      '%1 runs with the same parameters will start.',
      count
    );
    if (count === 1) {
      notificationId = Notification.success(message, { autoClose: NOTIFICATION_MS });
    } else {
      Notification.update({ id: notificationId, message, autoClose: NOTIFICATION_MS });
    }
  };

  app.commands.addCommand(Commands.stopRun, {
    label: args => (args.isPalette === true ? trans.__('Stop This Run') : trans.__('Stop')),
    caption: trans.__('Stop this run; logged data is kept'),
    icon: args => (args.isPalette === true ? undefined : stopIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: isAllowed('stop_run'),
    isEnabled: isAllowed('stop_run'),
    execute: args => sendRequest('stop_run', target(args)).then(() => undefined)
  });
  app.commands.addCommand(Commands.rerun, {
    label: args => (args.isPalette === true ? trans.__('Rerun This Run') : trans.__('Rerun')),
    caption: trans.__('Start a run with the same parameters'),
    icon: args => (args.isPalette === true ? undefined : refreshIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: isAllowed('rerun'),
    isEnabled: isAllowed('rerun'),
    execute: async args => {
      if (await sendRequest('rerun', target(args))) {
        notifyRerun();
      }
    }
  });
  app.commands.addCommand(Commands.resumeRun, {
    label: args => (args.isPalette === true ? trans.__('Resume This Run') : trans.__('Resume')),
    caption: trans.__('Continue this run under the same id, with its logged data'),
    icon: args => (args.isPalette === true ? undefined : runIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: isAllowed('resume_run'),
    isEnabled: isAllowed('resume_run'),
    execute: args => sendRequest('resume_run', target(args)).then(() => undefined)
  });
  addDuplicateCommand({ app, model, trans });

  const rowOf = (args: ReadonlyPartialJSONObject): RunRow | undefined => {
    const { sweep, run } = target(args);
    return sweep && run ? model.run(sweep, run) : undefined;
  };
  /** A command that turns something about a run on and off. */
  const addToggle = (
    id: string,
    labels: { on: string; off: string; caption: string },
    isOn: (row: RunRow, sweep: string) => boolean,
    change: (sweep: string, row: RunRow, on: boolean) => Promise<void>
  ): void => {
    app.commands.addCommand(id, {
      label: args => {
        const row = rowOf(args);
        return row !== undefined && isOn(row, target(args).sweep ?? '') ? labels.off : labels.on;
      },
      caption: labels.caption,
      describedBy: { args: RUN_ARGS },
      isVisible: args => rowOf(args) !== undefined,
      isEnabled: args => rowOf(args) !== undefined,
      execute: async args => {
        const { sweep } = target(args);
        const row = rowOf(args);
        if (sweep !== undefined && row !== undefined) {
          await change(sweep, row, !isOn(row, sweep)).catch(showError);
        }
      }
    });
  };
  addToggle(
    Commands.pinRun,
    {
      on: trans.__('Pin Run'),
      off: trans.__('Unpin Run'),
      caption: trans.__('Keep this run at the top of the table')
    },
    row => row.pinned,
    (sweep, { id: run }, pinned) => model.request(sweep, 'annotate_run', { run, pinned })
  );
  addToggle(
    Commands.hideRun,
    {
      on: trans.__('Hide Run'),
      off: trans.__('Show Run Again'),
      caption: trans.__('Leave this run out of the table and the plots')
    },
    row => row.hidden,
    (sweep, { id: run }, hidden) => model.request(sweep, 'annotate_run', { run, hidden })
  );
  addToggle(
    Commands.setBaseline,
    {
      on: trans.__('Use Run as Baseline'),
      off: trans.__('Remove Baseline'),
      caption: trans.__('Show in Compare how other runs differ from this one')
    },
    (row, sweep) => model.summary(sweep)?.baseline === row.id,
    (sweep, { id }, on) => model.request(sweep, 'annotate', { baseline: on ? id : '' })
  );
}
