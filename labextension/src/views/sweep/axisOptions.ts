/** On which kind of axis a column of the runs is drawn. Pure. */

import { isLogarithmic, listedNumbers } from '../../models/spec';
import type { SweepDetail } from '../../api/schemas';

/** What is known of a column beside its values. */
export interface IAxisOptions {
  isLog: boolean;
  /** The numbers that it is chosen from, if it is. */
  choices: readonly number[] | null;
}

/** Parameters as the sweep config has them; the objective as somebody chose. */
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
