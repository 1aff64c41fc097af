/** Whether an element can be seen or nearly so: what cannot is not worth drawing or asking for. */

import { type RefObject, useEffect, useState } from 'react';

const NEAR = '150px';

export function useInSight(of: RefObject<Element | null>): boolean {
  const [inSight, setInSight] = useState(false);
  useEffect(() => {
    if (of.current === null) {
      return;
    }
    const observer = new IntersectionObserver(
      entries => setInSight(entries[entries.length - 1].isIntersecting),
      { rootMargin: NEAR }
    );
    observer.observe(of.current);
    return () => observer.disconnect();
  }, [of]);
  return inSight;
}
