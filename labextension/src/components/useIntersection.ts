/** Whether an element is visible or nearly so; otherwise, drawing or fetching it is a waste. */

import { type RefObject, useEffect, useState } from 'react';

const NEAR = '150px';

export function useIntersection(ref: RefObject<Element | null>): boolean {
  const [isIntersecting, setInSight] = useState(false);
  useEffect(() => {
    if (ref.current === null) {
      return;
    }
    const observer = new IntersectionObserver(
      entries => setInSight(entries[entries.length - 1].isIntersecting),
      { rootMargin: NEAR }
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [ref]);
  return isIntersecting;
}
