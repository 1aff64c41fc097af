/** Renders views when signals emit. */

import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer } from 'react';

/** Render again when a signal emits, at most once per frame. */
export function useSignal(...signals: ISignal<unknown, unknown>[]): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let frame = 0;
    const slot = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        render();
      });
    };
    signals.forEach(signal => signal.connect(slot));
    // Do not miss what was emitted between the first rendering and now.
    render();
    return () => {
      cancelAnimationFrame(frame);
      signals.forEach(signal => signal.disconnect(slot));
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the signals are the dependencies
  }, signals);
}
