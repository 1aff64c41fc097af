/** The size of an element, as it changes: what is drawn in a hidden panel has the wrong one. */

import { type RefObject, useLayoutEffect, useState } from 'react';

export interface ISize {
  width: number;
  height: number;
}

/** Both are 0 until the element can be seen. */
export function useSize(of: RefObject<Element | null>): ISize {
  const [size, setSize] = useState<ISize>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = of.current;
    if (element === null) {
      return;
    }
    const look = () => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize(size => (size.width === width && size.height === height ? size : { width, height }));
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [of]);
  return size;
}
