/** An axis's range, with its ends for the keyboard: arrows move one, Delete lets all through. */

import type { KeyboardEvent, ReactElement } from 'react';

import { valueAt } from '../../../charts/scale';
import { formatNumber } from '../../../format';
import { useLab } from '../../../lab';
import { hullOf, type IInterval, moved } from './brush';
import type { IDimension } from './dimensions';
import { heightAt, type ILayout } from './painter';

export function Thumbs({
  dimension: { scale, title },
  left,
  layout,
  intervals,
  onChange
}: {
  dimension: IDimension;
  left: number;
  layout: ILayout;
  intervals: readonly IInterval[];
  onChange: (interval: IInterval | null) => void;
}): ReactElement {
  const { trans } = useLab();
  const hull = hullOf(intervals);
  const onKeyDown = (event: KeyboardEvent, end: 'low' | 'high') => {
    const interval = moved(scale, event.key, hull, end);
    if (interval !== null) {
      onChange(interval);
    } else if (event.key === 'Delete' || event.key === 'Backspace' || event.key === 'Escape') {
      onChange(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  const thumb = (end: 'low' | 'high') => {
    const place = end === 'low' ? hull.from : hull.to;
    const text =
      scale.kind === 'category'
        ? scale.values[
            Math.max(0, Math.round(place * scale.values.length) - (end === 'low' ? 0 : 1))
          ]
        : formatNumber(valueAt(scale, place));
    return (
      <div
        className="jp-wm-Thumb"
        role="slider"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={
          end === 'low' ? trans.__('%1: only from', title) : trans.__('%1: only up to', title)
        }
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(place * 100)}
        aria-valuetext={text}
        style={{ left, top: heightAt(place, layout.top, layout.bottom) }}
        onKeyDown={event => onKeyDown(event, end)}
      />
    );
  };
  return (
    <>
      {intervals.map(({ from, to }) => {
        const top = heightAt(to, layout.top, layout.bottom);
        const height = heightAt(from, layout.top, layout.bottom) - top;
        return <div key={from} className="jp-wm-Brushed" style={{ left, top, height }} />;
      })}
      {thumb('low')}
      {thumb('high')}
    </>
  );
}
