/** Code that runs the parameters of one run again, on their own. Pure. */

import { assignmentCode } from '../../../pythonCode';
import type { RunRow, SweepDetail } from '../../../api/schemas';

type Entries = Record<string, unknown>;

/**
 * A cell with a config that has a single choice, and the code that starts it: another cell, or a
 * call.
 */
export interface IReproduction {
  config: string;
  start: string;
}

export function reproductionCode(row: RunRow, name: string, detail: SweepDetail): IReproduction {
  const { spec, kind, code } = detail;
  const config: Entries = { name: `${name}, run ${row.number} again`, method: 'grid' };
  for (const key of ['metric', 'program', 'command']) {
    if (spec[key] !== undefined && spec[key] !== null) {
      config[key] = spec[key];
    }
  }
  config.parameters = fixParameters(spec.parameters, row.params);
  const start =
    kind === 'cell'
      ? `%%wandb_sweep config --count 1\n${code}`
      : kind === 'function'
        ? 'from wandb_magic import start\n\nstart(config, train, count=1)  # train: your function\n'
        : 'from wandb_magic import start\n\nstart(config, count=1)\n';
  return { config: `${assignmentCode('config', config)}\n`, start };
}

/** The parameters of a spec, each fixed to the value of the run. */
function fixParameters(parameters: unknown, values: RunRow['params'], prefix = ''): Entries {
  const result: Entries = {};
  for (const [name, entry] of Object.entries(asEntries(parameters))) {
    const key = `${prefix}${name}`;
    const { parameters: nested } = asEntries(entry);
    if (nested !== undefined) {
      result[name] = { parameters: fixParameters(nested, values, `${key}.`) };
    } else if (key in values) {
      result[name] = { value: values[key] };
    }
  }
  return result;
}

function asEntries(value: unknown): Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Entries)
    : {};
}
