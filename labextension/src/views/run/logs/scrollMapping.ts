/**
 * Maps positions in millions of lines to a scrollbar, and back.
 *
 * Browsers do not show elements higher than some million pixels, so above some length a pixel of
 * the scrollbar is more than a pixel of the lines; and the height of a wrapped line is known only
 * when it is rendered. Pure.
 */

import type { IScrollPosition } from '../../../models/logModel';

/** The height of a line that is not wrapped, as defined in style/logs.css. */
export const LINE_HEIGHT = 17;
/** A height that every browser supports. */
const MAX_HEIGHT = 8_000_000;

export interface IExtent {
  total: number;
  /** The visible height in pixels. */
  height: number;
}

/** The height of the element whose scrollbar represents all lines. */
export function scrollHeight({ total, height }: IExtent): number {
  return Math.max(height, Math.min(MAX_HEIGHT, total * LINE_HEIGHT));
}

/** The scrollbar's position for a scroll position. */
export function scrollTopOf(position: IScrollPosition | null, extent: IExtent): number {
  const maxScroll = scrollHeight(extent) - extent.height;
  const lines = scrollableLines(extent);
  if (position === null || lines <= 0) {
    return maxScroll;
  }
  return Math.min(1, (position.line + position.fraction) / lines) * maxScroll;
}

/** The scroll position for the scrollbar's position; null at the end. */
export function positionAt(scrollTop: number, extent: IExtent): IScrollPosition | null {
  const maxScroll = scrollHeight(extent) - extent.height;
  if (scrollTop >= maxScroll - 1) {
    return null;
  }
  const exactLine = (Math.max(0, scrollTop) / maxScroll) * scrollableLines(extent);
  const line = Math.floor(exactLine);
  return { line, fraction: exactLine - line };
}

/** Which lines to render: the visible ones, and `more` on each side. */
export function visibleRange(
  position: IScrollPosition | null,
  { total, height }: IExtent,
  overscan: number
): [number, number] {
  const visibleCount = Math.ceil(height / LINE_HEIGHT) + 1;
  const first = Math.min(position?.line ?? Infinity, Math.max(0, total - visibleCount));
  return [Math.max(0, first - overscan), Math.min(total, first + visibleCount + overscan)];
}

/** The number of lines above the topmost line when scrolled to the end, if no line is wrapped. */
function scrollableLines({ total, height }: IExtent): number {
  return total - height / LINE_HEIGHT;
}
