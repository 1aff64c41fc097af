/** Which part of the table is in sight, so that only that is rendered. */

import { type RefObject, useEffect, useState } from 'react';

import { inSight, ROW_HEIGHT } from './layout';

/** Rows rendered beyond the edges, so that a scroll of some rows shows no gap. */
const OVERSCAN = 5;
/** Rows by which the window moves: not every pixel is worth a rendering. */
const STEP = 4;

export interface IWindow {
  firstRow: number;
  endRow: number;
  firstColumn: number;
  endColumn: number;
  /** Whole rows that fit in. */
  page: number;
}

export function useWindow(
  scroller: RefObject<HTMLElement | null>,
  rows: number,
  starts: readonly number[]
): IWindow {
  const [view, setView] = useState({ top: 0, left: 0, width: 0, height: 0 });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return;
    }
    const look = () => {
      const top = Math.floor(element.scrollTop / (STEP * ROW_HEIGHT)) * STEP * ROW_HEIGHT;
      const left = Math.floor(element.scrollLeft / MARGIN) * MARGIN;
      const { clientWidth: width, clientHeight: height } = element;
      setView(view =>
        view.top === top && view.left === left && view.width === width && view.height === height
          ? view
          : { top, left, width, height }
      );
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [scroller]);
  const fitting = Math.ceil(view.height / ROW_HEIGHT);
  const top = Math.floor(view.top / ROW_HEIGHT);
  const firstRow = Math.max(0, Math.min(rows, top) - OVERSCAN);
  const columns = inSight(starts, view.left, view.left + view.width + MARGIN);
  return {
    firstRow,
    endRow: Math.min(rows, top + fitting + STEP + OVERSCAN),
    firstColumn: columns.first,
    endColumn: columns.end,
    page: Math.max(1, fitting - 2)
  };
}

const MARGIN = 100;
