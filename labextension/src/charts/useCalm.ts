/** A value that changes no more often than every so many milliseconds, for what is costly to draw. */

import { useEffect, useRef, useState } from 'react';

export function useCalm<T>(value: T, pauseMs: number): T {
  const [calm, setCalm] = useState(value);
  const changed = useRef(-Infinity);
  useEffect(() => {
    if (calm === value) {
      return;
    }
    const timer = window.setTimeout(
      () => {
        changed.current = performance.now();
        setCalm(value);
      },
      Math.max(0, changed.current + pauseMs - performance.now())
    );
    return () => window.clearTimeout(timer);
  }, [value, calm, pauseMs]);
  return calm;
}
