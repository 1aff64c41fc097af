/** The best value so far, run by run, as a small line that shows only its direction. */

import type { ReactElement } from 'react';

import { usePanelContext } from './context';

const WIDTH = 100;
const HEIGHT = 16;
const MARGIN = 1.5;

export function Sparkline({ values }: { values: readonly number[] }): ReactElement | null {
  const { trans } = usePanelContext();
  if (values.length < 2) {
    return null;
  }
  const low = Math.min(...values);
  const span = Math.max(...values) - low;
  const points = values.map((value, index) => {
    const x = (WIDTH * index) / (values.length - 1);
    const height = span > 0 ? (value - low) / span : 0.5;
    return `${x.toFixed(1)},${(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * height).toFixed(1)}`;
  });
  return (
    <svg
      className="jp-wm-Sparkline"
      role="img"
      aria-label={trans.__('best value so far')}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      <polyline points={points.join(' ')} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
