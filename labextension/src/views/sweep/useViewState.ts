/** Renders a view again when the view state changes: at once, not with the next frame. */

import { useEffect, useReducer } from 'react';

import type { SweepModel } from '../../models/sweepModel';

/** A controlled input keeps what was typed only if it is rendered within the browser's event. */
export function useViewState(sweep: SweepModel): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    sweep.viewStateChanged.connect(render);
    render();
    return () => void sweep.viewStateChanged.disconnect(render);
  }, [sweep]);
}
