/** Ranges on an axis: how they are shown, dragged and moved by keys. Pure. */

import { stepSize, normalize, type Scale, invert } from '../../../charts/scale';
import type { Range } from '../../../models/columns';

/** From 0 to 1 along an axis. */
export interface IInterval {
  from: number;
  to: number;
}

/** The part of a brush that a pointer press grabs. */
export type BrushHandle = 'low' | 'high' | 'move' | 'new';

const KEY_STEP = 0.02;
const KEY_PAGE = 0.1;
/** A value at the end of an axis is inside, despite rounding. */
const END_TOLERANCE = 1e-3;

/** The intervals of an axis that pass a condition. */
export function toIntervals(scale: Scale, range: Range | undefined): IInterval[] {
  if (range === undefined) {
    return [];
  }
  if ('values' in range) {
    if (scale.kind !== 'category') {
      return [];
    }
    const size = 1 / scale.values.length;
    return scale.values.flatMap((value, index) =>
      range.values.includes(value) ? [{ from: index * size, to: (index + 1) * size }] : []
    );
  }
  if (scale.kind === 'category') {
    const { numbers = [] } = scale;
    const size = 1 / scale.values.length;
    const first = numbers.findIndex(number => number >= range.low);
    const end = numbers.filter(number => number <= range.high).length;
    return first >= 0 && end > first ? [{ from: first * size, to: end * size }] : [];
  }
  const clampedPosition = (value: number, open: number) =>
    Number.isFinite(value) ? Math.min(1, Math.max(0, normalize(scale, value) ?? open)) : open;
  return [{ from: clampedPosition(range.low, 0), to: clampedPosition(range.high, 1) }];
}

/** From the first to the last interval; the whole axis if there are none. */
export function boundsOf(intervals: readonly IInterval[]): IInterval {
  return intervals.length === 0
    ? { from: 0, to: 1 }
    : { from: intervals[0].from, to: intervals[intervals.length - 1].to };
}

/** The condition for an interval of an axis; null if it is the whole axis. */
export function toRange(scale: Scale, { from, to }: IInterval): Range | null {
  if (scale.kind === 'category') {
    const count = scale.values.length;
    const first = Math.max(0, Math.floor(from * count + END_TOLERANCE));
    const end = Math.min(count, Math.ceil(to * count - END_TOLERANCE));
    const last = Math.max(first, end - 1);
    if (first === 0 && last === count - 1) {
      return null;
    }
    return scale.numbers === undefined
      ? { values: scale.values.slice(first, last + 1) }
      : { low: scale.numbers[first], high: scale.numbers[last] };
  }
  const low = from <= END_TOLERANCE ? -Infinity : roundValue(invert(scale, from), scale.isInteger);
  const high = to >= 1 - END_TOLERANCE ? Infinity : roundValue(invert(scale, to), scale.isInteger);
  return low === -Infinity && high === Infinity ? null : { low, high };
}

/** Digits beyond the pointer's precision only make a condition hard to read. */
function roundValue(value: number, isInteger = false): number {
  return isInteger ? Math.round(value * 2) / 2 : Number(value.toPrecision(4));
}

/** The handle at a position; `near` is the distance within which an end is grabbed. */
export function handleAt(
  intervals: readonly IInterval[],
  position: number,
  snapDistance: number
): BrushHandle {
  if (intervals.length === 0) {
    return 'new';
  }
  const { from, to } = boundsOf(intervals);
  if (Math.abs(position - to) <= snapDistance) {
    return 'high';
  }
  if (Math.abs(position - from) <= snapDistance) {
    return 'low';
  }
  return position > from && position < to ? 'move' : 'new';
}

/** The interval that results from dragging from one position to another. */
export function dragInterval(
  handle: BrushHandle,
  start: IInterval,
  startPosition: number,
  position: number
): IInterval {
  const clamped = Math.min(1, Math.max(0, position));
  switch (handle) {
    case 'low':
      return orderedInterval(clamped, start.to);
    case 'high':
      return orderedInterval(start.from, clamped);
    case 'new':
      return orderedInterval(startPosition, clamped);
    case 'move': {
      const by = Math.min(1 - start.to, Math.max(-start.from, clamped - startPosition));
      return { from: start.from + by, to: start.to + by };
    }
  }
}

/** The interval after a key has moved one of its ends; null if the key does not move it. */
export function moveEnd(
  scale: Scale,
  key: string,
  interval: IInterval,
  end: 'low' | 'high'
): IInterval | null {
  const step = stepSize(scale) || KEY_STEP;
  const page = Math.max(step, KEY_PAGE);
  const current = end === 'low' ? interval.from : interval.to;
  const positionByKey: Record<string, number> = {
    ArrowUp: current + step,
    ArrowRight: current + step,
    ArrowDown: current - step,
    ArrowLeft: current - step,
    PageUp: current + page,
    PageDown: current - page,
    Home: 0,
    End: 1
  };
  if (!Object.hasOwn(positionByKey, key)) {
    return null;
  }
  const to = Math.min(1, Math.max(0, positionByKey[key]));
  // The two ends never pass each other.
  return end === 'low'
    ? { from: Math.min(to, interval.to - step / 2), to: interval.to }
    : { from: interval.from, to: Math.max(to, interval.from + step / 2) };
}

function orderedInterval(a: number, b: number): IInterval {
  return { from: Math.min(a, b), to: Math.max(a, b) };
}
