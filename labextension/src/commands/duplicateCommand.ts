/** Adds a run with the parameters of another one, after the user has changed some. */

import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import { copyIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { RequestArguments } from '../api/requests';
import type { RunRow } from '../api/schemas';
import { canRequest } from '../models/capabilities';
import { formatParam, parseParam } from '../models/paramTexts';
import { stateLabel } from '../states';
import { Commands } from '../tokens';
import { type ICommandContext, RUN_ARGS, showError } from './command';
import { ParamsForm, type ParamTexts } from './paramsForm';
import { targetOf } from './target';

export function addDuplicateCommand(context: ICommandContext): void {
  const { app, model, trans } = context;
  /** Why the sweep takes no runs; empty if it does. */
  const refusal = (args: ReadonlyPartialJSONObject): string => {
    const { sweep = '' } = targetOf(app, args);
    const summary = model.summary(sweep);
    return summary === undefined || canRequest('add', summary)
      ? ''
      : trans.__(
          'The sweep %1 takes no runs while it is in the state %2.',
          summary.name,
          stateLabel(summary.state, trans)
        );
  };
  app.commands.addCommand(Commands.duplicateRun, {
    label: args =>
      args.isPalette === true
        ? trans.__('Duplicate This Run with Changes…')
        : trans.__('Duplicate…'),
    caption: args =>
      refusal(args) || trans.__('Add a run with the parameters of this one, some of them changed'),
    icon: args => (args.isPalette === true ? undefined : copyIcon),
    describedBy: { args: RUN_ARGS },
    isVisible: args => targetOf(app, args).run !== undefined,
    isEnabled: args => targetOf(app, args).run !== undefined && refusal(args) === '',
    execute: async args => {
      const { sweep, run } = targetOf(app, args);
      if (sweep === undefined || run === undefined) {
        return;
      }
      try {
        const problem = refusal(args);
        if (problem !== '') {
          throw new Error(problem);
        }
        const row = model.run(sweep, run) ?? (await model.api.run(sweep, run)).row;
        await duplicateRun(context, sweep, row);
      } catch (error) {
        showError(error);
      }
    }
  });
}

/** Ask for the changes until the server takes the run, or the user cancels. */
async function duplicateRun(
  { model, trans }: ICommandContext,
  sweep: string,
  row: RunRow
): Promise<void> {
  let texts: ParamTexts = Object.fromEntries(
    Object.entries(row.params).map(([name, value]) => [name, formatParam(value)])
  );
  let force = false;
  for (let problem = ''; ;) {
    const answer: Dialog.IResult<ParamTexts> = await showDialog({
      title: trans.__('Duplicate run %1 with changes', row.number),
      body: new ParamsForm(texts, problem, trans),
      focusNodeSelector: problem === '' ? 'input' : '[aria-invalid], input',
      checkbox: {
        label: trans.__('Force: accept values and names outside the sweep’s space'),
        checked: force
      },
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Add Run') })]
    });
    if (!answer.button.accept || answer.value === null) {
      return;
    }
    texts = answer.value;
    force = answer.isChecked === true;
    const params = readParams(texts);
    if (typeof params === 'string') {
      problem = trans.__(
        '%1: is not valid JSON, or has more digits than can be kept here',
        params
      );
      continue;
    }
    try {
      await model.request(sweep, 'add', { params, force });
      break;
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  const isPaused = model.summary(sweep)?.state === 'paused';
  Notification.success(
    isPaused
      ? trans.__('The run is queued; it starts when the sweep is resumed.')
      : trans.__('The run is queued.'),
    { autoClose: 3000 }
  );
}

/** The parameters that are given, or the name of the first that cannot be read. */
function readParams(texts: ParamTexts): RequestArguments['add']['params'] | string {
  const given = Object.entries(texts).filter(([, text]) => text.trim() !== '');
  const params = given.map(([name, text]) => [name, parseParam(text)] as const);
  const wrong = params.find(([, value]) => value === undefined);
  return wrong === undefined ? Object.fromEntries(params) : wrong[0];
}
