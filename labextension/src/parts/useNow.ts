/** The time in a view: it goes on while the view can be seen. */

import { useCallback, useSyncExternalStore } from 'react';

import { clock } from '../clock';
import { useVisible } from '../panel/widget';

const still = () => () => undefined;

/** Seconds since the epoch, anew each second; `going` is whether anything shown depends on it. */
export function useNow(going = true): number {
  const listening = useVisible() && going;
  return useSyncExternalStore(
    listening ? clock.listen : still,
    useCallback(() => (listening ? clock.now : Math.floor(Date.now() / 1000)), [listening])
  );
}
