/** The current time in a view; it advances while the view is visible. */

import { useCallback, useSyncExternalStore } from 'react';

import { clock } from './clock';
import { useVisible } from './viewContext';

const noSubscription = () => () => undefined;

/**
 * Seconds since the epoch, updated every second; `isRunning` is whether anything shown depends on
 * it.
 */
export function useNow(isRunning = true): number {
  const isListening = useVisible() && isRunning;
  return useSyncExternalStore(
    isListening ? clock.subscribe : noSubscription,
    useCallback(() => (isListening ? clock.now : Math.floor(Date.now() / 1000)), [isListening])
  );
}
