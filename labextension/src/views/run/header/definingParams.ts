/** The parameters that define a run. Pure. */

import { type Cell, NONE } from '../../../format';
import { cellValue, isNone } from '../../../models/columns';
import { parameterOf } from '../../../models/spec';
import type { RunRow, SweepDetail } from '../../../api/schemas';

/**
 * The parameters that can differ between runs of the sweep; all of them if none can, or if that is
 * unknown.
 */
export function definingParams(row: RunRow, spec?: SweepDetail['spec']): [string, Cell][] {
  const params = Object.keys(row.params).map((name): [string, Cell] => [
    name,
    isNone(row, `params.${name}`) ? NONE : cellValue(row, `params.${name}`)
  ]);
  const varying = params.filter(([name]) => {
    const entry = spec && parameterOf(spec, name);
    return !entry || !('value' in entry || entry.distribution === 'constant');
  });
  return varying.length > 0 ? varying : params;
}
