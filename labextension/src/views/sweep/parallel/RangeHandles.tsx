/** An axis's range, with handles for the keyboard: arrows move an end, Delete clears the range. */

import type { KeyboardEvent, ReactElement } from 'react';

import { invert } from '../../../charts/scale';
import { formatNumber } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { boundsOf, type IInterval, moveEnd } from './brush';
import type { IDimension } from './dimensions';
import { toY, type ILayout } from './lineRenderer';

export function RangeHandles({
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
  const { trans } = usePanelContext();
  const bounds = boundsOf(intervals);
  const onKeyDown = (event: KeyboardEvent, end: 'low' | 'high') => {
    const interval = moveEnd(scale, event.key, bounds, end);
    if (interval !== null) {
      onChange(interval);
    } else if (event.key === 'Delete' || event.key === 'Backspace' || event.key === 'Escape') {
      onChange(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  const handle = (end: 'low' | 'high') => {
    const position = end === 'low' ? bounds.from : bounds.to;
    const text =
      scale.kind === 'category'
        ? scale.values[
            Math.max(0, Math.round(position * scale.values.length) - (end === 'low' ? 0 : 1))
          ]
        : formatNumber(invert(scale, position));
    return (
      <div
        className="jp-wm-RangeHandle"
        role="slider"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={
          end === 'low' ? trans.__('%1: minimum', title) : trans.__('%1: maximum', title)
        }
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(position * 100)}
        aria-valuetext={text}
        style={{ left, top: toY(position, layout.top, layout.bottom) }}
        onKeyDown={event => onKeyDown(event, end)}
      />
    );
  };
  return (
    <>
      {intervals.map(({ from, to }) => {
        const top = toY(to, layout.top, layout.bottom);
        const height = toY(from, layout.top, layout.bottom) - top;
        return <div key={from} className="jp-wm-BrushedRange" style={{ left, top, height }} />;
      })}
      {handle('low')}
      {handle('high')}
    </>
  );
}
