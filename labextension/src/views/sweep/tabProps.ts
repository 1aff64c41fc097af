/** The props of every tab of a sweep's view. */

import type { SweepModel } from '../../models/sweepModel';

export interface ITabProps {
  sweep: SweepModel;
}
