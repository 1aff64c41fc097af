/**
 * Between places in millions of lines and a scrollbar.
 *
 * Browsers show no element that is higher than some million pixels, so from some length on a pixel of
 * the scrollbar is more than a pixel of the lines; and how high a wrapped line is, is known only when
 * it is rendered. Pure.
 */

import type { IScrollPosition } from '../../../models/logModel';

/** The height of a line that is not wrapped, as style/logs.css gives it. */
export const LINE_HEIGHT = 17;
/** What every browser shows. */
const MAX_HEIGHT = 8_000_000;

export interface IExtent {
  total: number;
  /** Pixels that can be seen. */
  height: number;
}

/** How high the element is whose scrollbar stands for all lines. */
export function scrollHeight({ total, height }: IExtent): number {
  return Math.max(height, Math.min(MAX_HEIGHT, total * LINE_HEIGHT));
}

/** Where the scrollbar stands for a place. */
export function scrollTopOf(position: IScrollPosition | null, extent: IExtent): number {
  const maxScroll = scrollHeight(extent) - extent.height;
  const lines = scrollableLines(extent);
  if (position === null || lines <= 0) {
    return maxScroll;
  }
  return Math.min(1, (position.line + position.fraction) / lines) * maxScroll;
}

/** The place for which the scrollbar stands; null at the end. */
export function positionAt(scrollTop: number, extent: IExtent): IScrollPosition | null {
  const maxScroll = scrollHeight(extent) - extent.height;
  if (scrollTop >= maxScroll - 1) {
    return null;
  }
  const exactLine = (Math.max(0, scrollTop) / maxScroll) * scrollableLines(extent);
  const line = Math.floor(exactLine);
  return { line, fraction: exactLine - line };
}

/** Which lines to render: those that can be seen, and `more` on both sides. */
export function visibleRange(
  position: IScrollPosition | null,
  { total, height }: IExtent,
  overscan: number
): [number, number] {
  const visibleCount = Math.ceil(height / LINE_HEIGHT) + 1;
  const first = Math.min(position?.line ?? Infinity, Math.max(0, total - visibleCount));
  return [Math.max(0, first - overscan), Math.min(total, first + visibleCount + overscan)];
}

/** Lines above the one that is at the upper edge when the end can be seen, if none is wrapped. */
function scrollableLines({ total, height }: IExtent): number {
  return total - height / LINE_HEIGHT;
}
