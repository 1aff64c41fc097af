/** Ranges on an axis: how they are drawn, dragged and moved by keys. Pure. */

import { stepSize, normalize, type Scale, invert } from '../../../charts/scale';
import type { Range } from '../../../models/columns';

/** From 0 to 1 along an axis. */
export interface IInterval {
  from: number;
  to: number;
}

/** What a press of the pointer on an axis takes hold of. */
export type BrushHandle = 'low' | 'high' | 'move' | 'new';

const KEY_STEP = 0.02;
const KEY_PAGE = 0.1;
/** A value at the end of an axis is within, however it was rounded. */
const END_TOLERANCE = 1e-3;

/** The parts of an axis that a condition lets through. */
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

/** From the first to the last of some parts; the whole axis without any. */
export function boundsOf(intervals: readonly IInterval[]): IInterval {
  return intervals.length === 0
    ? { from: 0, to: 1 }
    : { from: intervals[0].from, to: intervals[intervals.length - 1].to };
}

/** The condition for a part of an axis; null where that is all of it. */
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

/** More digits than anybody can point at only make a condition hard to read. */
function roundValue(value: number, isInteger = false): number {
  return isInteger ? Math.round(value * 2) / 2 : Number(value.toPrecision(4));
}

/** What is taken hold of at a place; `near` is how far from an end still means the end. */
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

/** The part that a drag from one place to another leads to. */
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

/** Where a key moves one end of a part; null if it is no key for that. */
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
  // One end never passes the other.
  return end === 'low'
    ? { from: Math.min(to, interval.to - step / 2), to: interval.to }
    : { from: interval.from, to: Math.max(to, interval.from + step / 2) };
}

function orderedInterval(a: number, b: number): IInterval {
  return { from: Math.min(a, b), to: Math.max(a, b) };
}
