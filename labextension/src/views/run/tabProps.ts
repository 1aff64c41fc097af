/** The props of every tab of a run's view. */

import type { RunModel } from '../../models/runModel';

export interface IRunTabProps {
  run: RunModel;
}
