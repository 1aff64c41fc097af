/** A value that changes at most once per interval, for content that is expensive to draw. */

import { useEffect, useRef, useState } from 'react';

export function useThrottledValue<T>(value: T, intervalMs: number): T {
  const [throttled, setCalm] = useState(value);
  const changed = useRef(-Infinity);
  useEffect(() => {
    if (throttled === value) {
      return;
    }
    const timer = window.setTimeout(
      () => {
        changed.current = performance.now();
        setCalm(value);
      },
      Math.max(0, changed.current + intervalMs - performance.now())
    );
    return () => window.clearTimeout(timer);
  }, [value, throttled, intervalMs]);
  return throttled;
}
