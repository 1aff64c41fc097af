/** The visible part of the table, so that only this part is rendered. */

import { type RefObject, useEffect, useState } from 'react';

import { visibleSlice, ROW_HEIGHT } from './tableLayout';

/** Rows rendered beyond the edges, so that scrolling by some rows shows no gap. */
const OVERSCAN = 5;
/** Rows by which the window moves: not every pixel is worth a rendering. */
const STEP = 4;

export interface IVirtualWindow {
  firstRow: number;
  endRow: number;
  firstColumn: number;
  endColumn: number;
  /** Number of whole rows that fit. */
  page: number;
}

export function useVirtualWindow(
  scroller: RefObject<HTMLElement | null>,
  rows: number,
  starts: readonly number[]
): IVirtualWindow {
  const [view, setView] = useState({ top: 0, left: 0, width: 0, height: 0 });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return;
    }
    const measure = () => {
      const top = Math.floor(element.scrollTop / (STEP * ROW_HEIGHT)) * STEP * ROW_HEIGHT;
      const left = Math.floor(element.scrollLeft / MARGIN) * MARGIN;
      const { clientWidth: width, clientHeight: height } = element;
      setView(view =>
        view.top === top && view.left === left && view.width === width && view.height === height
          ? view
          : { top, left, width, height }
      );
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, [scroller]);
  const visibleCount = Math.ceil(view.height / ROW_HEIGHT);
  const top = Math.floor(view.top / ROW_HEIGHT);
  const firstRow = Math.max(0, Math.min(rows, top) - OVERSCAN);
  const columns = visibleSlice(starts, view.left, view.left + view.width + MARGIN);
  return {
    firstRow,
    endRow: Math.min(rows, top + visibleCount + STEP + OVERSCAN),
    firstColumn: columns.first,
    endColumn: columns.end,
    page: Math.max(1, visibleCount - 2)
  };
}

const MARGIN = 100;
