/** The parameters that define a run. Pure. */

import type { Cell } from '../../../format';
import { cellValue } from '../../../models/columns';
import { parameterOf } from '../../../models/spec';
import type { RunRow, SweepDetail } from '../../../api/schemas';

/**
 * The parameters that can differ between runs of the sweep; all of them if none can, or if that is
 * unknown.
 */
export function definingParams(row: RunRow, spec?: SweepDetail['spec']): [string, Cell][] {
  const params = Object.keys(row.params).map((name): [string, Cell] => [
    name,
    cellValue(row, `params.${name}`)
  ]);
  const varying = params.filter(([name]) => {
    const entry = spec && parameterOf(spec, name);
    return !entry || !('value' in entry || entry.distribution === 'constant');
  });
  return varying.length > 0 ? varying : params;
}
