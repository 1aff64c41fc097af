/** Ranges on an axis: how they are drawn, dragged and moved by keys. Pure. */

import { pitchOf, placeOf, type Scale, valueAt } from '../../../charts/scale';
import type { Range } from '../../../columns';

/** From 0 to 1 along an axis. */
export interface IInterval {
  from: number;
  to: number;
}

/** What a press of the pointer on an axis takes hold of. */
export type Grip = 'low' | 'high' | 'move' | 'new';

const STEP = 0.02;
const PAGE = 0.1;
/** A value at the end of an axis is within, however it was rounded. */
const END = 1e-3;

/** The parts of an axis that a condition lets through. */
export function intervalsOf(scale: Scale, range: Range | undefined): IInterval[] {
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
  const place = (value: number, open: number) =>
    Number.isFinite(value) ? Math.min(1, Math.max(0, placeOf(scale, value) ?? open)) : open;
  return [{ from: place(range.low, 0), to: place(range.high, 1) }];
}

/** From the first to the last of some parts; the whole axis without any. */
export function hullOf(intervals: readonly IInterval[]): IInterval {
  return intervals.length === 0
    ? { from: 0, to: 1 }
    : { from: intervals[0].from, to: intervals[intervals.length - 1].to };
}

/** The condition for a part of an axis; null where that is all of it. */
export function rangeOf(scale: Scale, { from, to }: IInterval): Range | null {
  if (scale.kind === 'category') {
    const count = scale.values.length;
    const first = Math.max(0, Math.floor(from * count + END));
    const end = Math.min(count, Math.ceil(to * count - END));
    const last = Math.max(first, end - 1);
    if (first === 0 && last === count - 1) {
      return null;
    }
    return scale.numbers === undefined
      ? { values: scale.values.slice(first, last + 1) }
      : { low: scale.numbers[first], high: scale.numbers[last] };
  }
  const low = from <= END ? -Infinity : rounded(valueAt(scale, from), scale.whole);
  const high = to >= 1 - END ? Infinity : rounded(valueAt(scale, to), scale.whole);
  return low === -Infinity && high === Infinity ? null : { low, high };
}

/** More digits than anybody can point at only make a condition hard to read. */
function rounded(value: number, whole = false): number {
  return whole ? Math.round(value * 2) / 2 : Number(value.toPrecision(4));
}

/** What is taken hold of at a place; `near` is how far from an end still means the end. */
export function gripAt(intervals: readonly IInterval[], place: number, near: number): Grip {
  if (intervals.length === 0) {
    return 'new';
  }
  const { from, to } = hullOf(intervals);
  if (Math.abs(place - to) <= near) {
    return 'high';
  }
  if (Math.abs(place - from) <= near) {
    return 'low';
  }
  return place > from && place < to ? 'move' : 'new';
}

/** The part that a drag from one place to another leads to. */
export function dragged(grip: Grip, start: IInterval, begin: number, place: number): IInterval {
  const at = Math.min(1, Math.max(0, place));
  switch (grip) {
    case 'low':
      return ordered(at, start.to);
    case 'high':
      return ordered(start.from, at);
    case 'new':
      return ordered(begin, at);
    case 'move': {
      const by = Math.min(1 - start.to, Math.max(-start.from, at - begin));
      return { from: start.from + by, to: start.to + by };
    }
  }
}

/** Where a key moves one end of a part; null if it is no key for that. */
export function moved(
  scale: Scale,
  key: string,
  interval: IInterval,
  end: 'low' | 'high'
): IInterval | null {
  const step = pitchOf(scale) || STEP;
  const page = Math.max(step, PAGE);
  const at = end === 'low' ? interval.from : interval.to;
  const places: Record<string, number> = {
    ArrowUp: at + step,
    ArrowRight: at + step,
    ArrowDown: at - step,
    ArrowLeft: at - step,
    PageUp: at + page,
    PageDown: at - page,
    Home: 0,
    End: 1
  };
  if (!Object.hasOwn(places, key)) {
    return null;
  }
  const to = Math.min(1, Math.max(0, places[key]));
  // One end never passes the other.
  return end === 'low'
    ? { from: Math.min(to, interval.to - step / 2), to: interval.to }
    : { from: interval.from, to: Math.max(to, interval.from + step / 2) };
}

function ordered(one: number, other: number): IInterval {
  return { from: Math.min(one, other), to: Math.max(one, other) };
}
