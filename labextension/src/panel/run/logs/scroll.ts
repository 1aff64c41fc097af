/**
 * Between places in millions of lines and a scrollbar.
 *
 * Browsers show no element that is higher than some million pixels, so from some length on a pixel of
 * the scrollbar is more than a pixel of the lines; and how high a wrapped line is, is known only when
 * it is rendered. Pure.
 */

import type { IPlace } from '../../../log';

/** The height of a line that is not wrapped, as style/logs.css gives it. */
export const LINE_HEIGHT = 17;
/** What every browser shows. */
const HIGHEST = 8_000_000;

export interface IExtent {
  total: number;
  /** Pixels that can be seen. */
  height: number;
}

/** How high the element is whose scrollbar stands for all lines. */
export function tallness({ total, height }: IExtent): number {
  return Math.max(height, Math.min(HIGHEST, total * LINE_HEIGHT));
}

/** Where the scrollbar stands for a place. */
export function scrollOf(place: IPlace | null, extent: IExtent): number {
  const most = tallness(extent) - extent.height;
  const lines = scrollable(extent);
  if (place === null || lines <= 0) {
    return most;
  }
  return Math.min(1, (place.line + place.part) / lines) * most;
}

/** The place for which the scrollbar stands; null at the end. */
export function placeOf(scroll: number, extent: IExtent): IPlace | null {
  const most = tallness(extent) - extent.height;
  if (scroll >= most - 1) {
    return null;
  }
  const at = (Math.max(0, scroll) / most) * scrollable(extent);
  const line = Math.floor(at);
  return { line, part: at - line };
}

/** Which lines to render: those that can be seen, and `more` on both sides. */
export function windowOf(
  place: IPlace | null,
  { total, height }: IExtent,
  more: number
): [number, number] {
  const fitting = Math.ceil(height / LINE_HEIGHT) + 1;
  const first = Math.min(place?.line ?? Infinity, Math.max(0, total - fitting));
  return [Math.max(0, first - more), Math.min(total, first + fitting + more)];
}

/** Lines above the one that is at the upper edge when the end can be seen, if none is wrapped. */
function scrollable({ total, height }: IExtent): number {
  return total - height / LINE_HEIGHT;
}
