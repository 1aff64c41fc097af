/**
 * How a command about one sweep is added: which sweep it means, when it can be executed, and how it
 * says that it could not be done.
 */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Model } from '../model';
import type { SweepSummary } from '../wire';
import { isExplicit, subjectOf } from './subject';

/** What commands are made of. */
export interface IDesk {
  app: JupyterFrontEnd;
  model: Model;
  trans: TranslationBundle;
}

export interface IVerb {
  /** Where it is clear what it is about: a button or menu of the sweep. */
  label: string;
  /** Where that is not clear, as in the palette. */
  full: string;
  caption: string;
  icon?: LabIcon;
  can: (sweep: SweepSummary) => boolean;
  /** Where it cannot be executed it is shown, but disabled; otherwise it is not shown at all. */
  stays?: boolean;
  execute: (sweep: SweepSummary, args: ReadonlyPartialJSONObject) => Promise<void>;
}

/** Add the command of a verb; without a sweep in its arguments it takes the one in front, or asks. */
export function addVerb(desk: IDesk, id: string, verb: IVerb): void {
  const { app, model, trans } = desk;
  const busy = new Set<string>();

  const meant = (args: ReadonlyPartialJSONObject): SweepSummary[] => {
    const { sweep } = subjectOf(app, args);
    const known = sweep === undefined ? undefined : model.summary(sweep);
    if (isExplicit(args) || (known !== undefined && verb.can(known))) {
      return known === undefined ? [] : [known];
    }
    return model.sweeps.filter(verb.can);
  };

  app.commands.addCommand(id, {
    label: args => (args.isPalette === true ? verb.full : verb.label),
    caption: verb.caption,
    icon: args => (args.isPalette === true ? undefined : verb.icon),
    describedBy: { args: SWEEP_ARGS },
    isVisible: args => verb.stays === true || meant(args).some(verb.can),
    isEnabled: args => meant(args).some(sweep => verb.can(sweep) && !busy.has(sweep.id)),
    execute: async args => {
      const sweep = await oneOf(meant(args), trans, verb.full);
      if (sweep === null) {
        return;
      }
      busy.add(sweep.id);
      app.commands.notifyCommandChanged(id);
      try {
        await verb.execute(sweep, args);
      } catch (error) {
        complain(error);
      } finally {
        busy.delete(sweep.id);
        app.commands.notifyCommandChanged(id);
      }
    }
  });
}

/** Say why something could not be done. */
export function complain(error: unknown): void {
  Notification.error(error instanceof Error ? error.message : String(error), { autoClose: false });
}

/** The only one of some sweeps, or the one that is chosen; null if there is none. */
export async function oneOf<T extends { id: string; name: string }>(
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
      description: 'Id of the sweep. Without it, the sweep in front, or the one that is chosen.'
    },
    isPalette: { type: 'boolean', description: 'Whether the label has to say all.' },
    clicked: { type: 'boolean', description: 'Whether it is about what was right-clicked.' }
  }
} satisfies JSONObject;
