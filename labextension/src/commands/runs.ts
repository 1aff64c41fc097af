/** The verbs of a run. */

import { Notification } from '@jupyterlab/apputils';
import { refreshIcon, runIcon, stopIcon } from '@jupyterlab/ui-components';
import type { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Commands } from '../tokens';
import { canResumeRun, isAlive } from '../verbs';
import type { RunState, Verb } from '../wire';
import { type ISubject } from '../panel/widget';
import { subjectOf } from './subject';
import { complain, type IDesk, SWEEP_ARGS } from './verb';

const TOLD_MS = 3000;

export function addRunCommands({ app, model, trans }: IDesk): void {
  const subject = (args: ReadonlyPartialJSONObject) => subjectOf(app, args);
  /** A run of which no open view knows the state is taken at its word: the server knows. */
  const can = (fits: (state: RunState) => boolean) => (args: ReadonlyPartialJSONObject) => {
    const { sweep, run } = subject(args);
    const state = sweep && run ? model.run(sweep, run)?.state : undefined;
    return run !== undefined && (state === undefined || fits(state));
  };
  /** Whether it was done. */
  const ask = async (verb: Verb, { sweep, run }: ISubject): Promise<boolean> => {
    try {
      if (sweep !== undefined && run !== undefined) {
        await model.request(sweep, verb, { run });
        return true;
      }
    } catch (error) {
      complain(error);
    }
    return false;
  };

  /** One notification for all that are asked for one after the other. */
  let [told, count] = ['', 0];
  const tellRerun = (): void => {
    count = Notification.manager.has(told) ? count + 1 : 1;
    const message = trans._n(
      'A run with the same parameters will start.',
      '%1 runs with the same parameters will start.',
      count
    );
    if (count === 1) {
      told = Notification.success(message, { autoClose: TOLD_MS });
    } else {
      Notification.update({ id: told, message, autoClose: TOLD_MS });
    }
  };

  app.commands.addCommand(Commands.stopRun, {
    label: args => (args.isPalette === true ? trans.__('Stop This Run') : trans.__('Stop')),
    caption: trans.__('Stop this run; what it logged is kept'),
    icon: args => (args.isPalette === true ? undefined : stopIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: can(isAlive),
    isEnabled: can(isAlive),
    execute: args => ask('stop_run', subject(args)).then(() => undefined)
  });
  app.commands.addCommand(Commands.rerun, {
    label: args => (args.isPalette === true ? trans.__('Rerun This Run') : trans.__('Rerun')),
    caption: trans.__('Start a run with the same parameters'),
    icon: args => (args.isPalette === true ? undefined : refreshIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: can(state => !isAlive(state)),
    isEnabled: can(state => !isAlive(state)),
    execute: async args => {
      if (await ask('rerun', subject(args))) {
        tellRerun();
      }
    }
  });
  app.commands.addCommand(Commands.resumeRun, {
    label: args => (args.isPalette === true ? trans.__('Resume This Run') : trans.__('Resume')),
    caption: trans.__('Let this run go on, under the same id and with what it logged'),
    icon: args => (args.isPalette === true ? undefined : runIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: can(canResumeRun),
    isEnabled: can(canResumeRun),
    execute: args => ask('resume_run', subject(args)).then(() => undefined)
  });
}

export const RUN_ARGS = {
  type: 'object',
  properties: {
    ...SWEEP_ARGS.properties,
    run: { type: 'string', description: 'Id of the run. Without it, the run in front.' }
  }
} satisfies JSONObject;
