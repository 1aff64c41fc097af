/**
 * The size of an element, updated as it changes: an element in a hidden panel has the wrong one.
 */

import { type RefObject, useLayoutEffect, useState } from 'react';

export interface ISize {
  width: number;
  height: number;
}

/** Both are 0 until the element is visible. */
export function useSize(ref: RefObject<Element | null>): ISize {
  const [size, setSize] = useState<ISize>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) {
      return;
    }
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize(size => (size.width === width && size.height === height ? size : { width, height }));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, [ref]);
  return size;
}
