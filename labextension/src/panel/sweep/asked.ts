/** On which kind of axis a column of the runs is drawn. Pure. */

import { isLogarithmic, listedNumbers } from '../../spec';
import type { SweepDetail } from '../../wire';

/** What is known of a column beside its values. */
export interface IAsked {
  log: boolean;
  /** The numbers that it is chosen from, if it is. */
  listed: readonly number[] | null;
}

/** Parameters as the sweep config has them; the objective as somebody chose. */
export function askedOf(
  spec: SweepDetail['spec'] | undefined,
  column: string,
  logValue: boolean
): IAsked {
  if (!column.startsWith('params.')) {
    return { log: column === 'value' && logValue, listed: null };
  }
  const name = column.slice(7);
  return { log: isLogarithmic(spec, name), listed: listedNumbers(spec, name) };
}
