/** Renders a view again when somebody has chosen something: at once, and not with the next frame. */

import { useEffect, useReducer } from 'react';

import type { SweepModel } from '../../models/sweepModel';

/** A field has what was typed only if it is rendered before the browser's event is over. */
export function useViewState(sweep: SweepModel): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    sweep.viewStateChanged.connect(render);
    render();
    return () => void sweep.viewStateChanged.disconnect(render);
  }, [sweep]);
}
