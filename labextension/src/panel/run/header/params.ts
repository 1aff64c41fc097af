/** Which parameters make a run what it is. Pure. */

import { type Cell, cell } from '../../../columns';
import { parameterOf } from '../../../spec';
import type { RunRow, SweepDetail } from '../../../wire';

/** Those that can differ between runs of the sweep; all where none can, or that is not known. */
export function definingParams(row: RunRow, spec?: SweepDetail['spec']): [string, Cell][] {
  const all = Object.keys(row.params).map((name): [string, Cell] => [
    name,
    cell(row, `params.${name}`)
  ]);
  const free = all.filter(([name]) => {
    const entry = spec && parameterOf(spec, name);
    return !entry || !('value' in entry || entry.distribution === 'constant');
  });
  return free.length > 0 ? free : all;
}
