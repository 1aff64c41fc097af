/** A plotly figure that a run logged, drawn in an origin of its own. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import type { RunModel } from '../../../models/runModel';

export function PlotlyFigure({
  run,
  path,
  name
}: {
  run: RunModel;
  path: string;
  name: string;
}): ReactElement {
  const { model } = usePanelContext();
  // The page has plotly.js of the server's own plotly, and the figure; it loads nothing.
  return (
    <iframe
      className="jp-wm-Media-html jp-wm-mod-plotly"
      title={name}
      sandbox="allow-scripts"
      loading="lazy"
      src={model.api.plotlyUrl(run.sweep.id, run.id, path)}
    />
  );
}
