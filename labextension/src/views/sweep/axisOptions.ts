/** The kind of axis for each column of the runs. Pure. */

import { isLogarithmic, listedNumbers } from '../../models/spec';
import type { SweepDetail } from '../../api/schemas';

/** What is known about a column besides its values. */
export interface IAxisOptions {
  isLog: boolean;
  /** The numbers from which it is chosen, if it has such a list. */
  choices: readonly number[] | null;
}

/** Parameters follow the sweep config; the objective follows the user's setting. */
export function axisOptionsFor(
  spec: SweepDetail['spec'] | undefined,
  column: string,
  logValue: boolean
): IAxisOptions {
  if (!column.startsWith('params.')) {
    return { isLog: column === 'value' && logValue, choices: null };
  }
  const name = column.slice(7);
  return { isLog: isLogarithmic(spec, name), choices: listedNumbers(spec, name) };
}
