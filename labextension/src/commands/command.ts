/**
 * Adds commands that act on one sweep: which sweep they act on, when they are enabled, and how they
 * report errors.
 */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { SweepsModel } from '../models/sweepsModel';
import type { SweepSummary } from '../api/schemas';
import { hasExplicitTarget, targetOf } from './target';

/** What commands depend on. */
export interface ICommandContext {
  app: JupyterFrontEnd;
  model: SweepsModel;
  trans: TranslationBundle;
}

export interface ISweepCommand {
  /** The label where the sweep is known: in its menus and on its buttons. */
  label: string;
  /** The label where the sweep is not known, as in the palette. */
  longLabel: string;
  caption: string;
  icon?: LabIcon;
  isAllowed: (sweep: SweepSummary) => boolean;
  /**
   * Whether the command is shown, but disabled, while it cannot be executed; otherwise it is
   * hidden.
   */
  isAlwaysVisible?: boolean;
  /** Why a sweep does not allow it; the tooltip of the disabled command. */
  refusal?: (sweep: SweepSummary) => string;
  execute: (sweep: SweepSummary, args: ReadonlyPartialJSONObject) => Promise<void>;
}

/** Add the command of a verb. Without a sweep in its arguments it uses the current one, or asks. */
export function addSweepCommand(
  context: ICommandContext,
  id: string,
  command: ISweepCommand
): void {
  const { app, model, trans } = context;
  const busyIds = new Set<string>();

  const candidates = (args: ReadonlyPartialJSONObject): SweepSummary[] => {
    const { sweep } = targetOf(app, args);
    const summary = sweep === undefined ? undefined : model.summary(sweep);
    if (hasExplicitTarget(args) || (summary !== undefined && command.isAllowed(summary))) {
      return summary === undefined ? [] : [summary];
    }
    return model.sweeps.filter(command.isAllowed);
  };

  app.commands.addCommand(id, {
    label: args => (args.isPalette === true ? command.longLabel : command.label),
    caption: args => {
      const sweeps = candidates(args);
      const refusal = sweeps.length === 1 ? (command.refusal?.(sweeps[0]) ?? '') : '';
      return refusal === '' ? command.caption : refusal;
    },
    icon: args => (args.isPalette === true ? undefined : command.icon),
    describedBy: { args: SWEEP_ARGS },
    isVisible: args =>
      command.isAlwaysVisible === true || candidates(args).some(command.isAllowed),
    isEnabled: args =>
      candidates(args).some(sweep => command.isAllowed(sweep) && !busyIds.has(sweep.id)),
    execute: async args => {
      const sweep = await pickSweep(candidates(args), trans, command.longLabel);
      if (sweep === null) {
        return;
      }
      busyIds.add(sweep.id);
      app.commands.notifyCommandChanged(id);
      try {
        await command.execute(sweep, args);
      } catch (error) {
        showError(error);
      } finally {
        busyIds.delete(sweep.id);
        app.commands.notifyCommandChanged(id);
      }
    }
  });
}

/** Show why an action failed. */
export function showError(error: unknown): void {
  Notification.error(error instanceof Error ? error.message : String(error), { autoClose: false });
}

/** The only one of some sweeps, or the one that the user picks; null if there is none. */
export async function pickSweep<T extends { id: string; name: string }>(
  sweeps: readonly T[],
  trans: TranslationBundle,
  title: string
): Promise<T | null> {
  if (sweeps.length < 2) {
    return sweeps[0] ?? null;
  }
  const names = sweeps.map(({ name, id }) => `${name} (${id})`);
  const { value } = await InputDialog.getItem({
    title,
    label: trans.__('Sweep'),
    items: names
  });
  return value === null ? null : (sweeps[names.indexOf(value)] ?? null);
}

export const SWEEP_ARGS = {
  type: 'object',
  properties: {
    sweep: {
      type: 'string',
      description: 'Id of the sweep; the current or selected sweep by default.'
    },
    isPalette: { type: 'boolean', description: 'Whether to use the long label.' },
    clicked: { type: 'boolean', description: 'Whether the target is what was right-clicked.' }
  }
} satisfies JSONObject;

export const RUN_ARGS = {
  type: 'object',
  properties: {
    ...SWEEP_ARGS.properties,
    run: { type: 'string', description: 'Id of the run; the current run by default.' }
  }
} satisfies JSONObject;
