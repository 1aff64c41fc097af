/** The best value so far over the runs, with each run's own value as a dot. */

import { type PointerEvent, type ReactElement, useMemo, useRef } from 'react';

import { runColor } from '../../../colors';
import { digitsFor, formatNumber } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useSize } from '../../../components/useSize';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import { downsample } from '../../../charts/downsample';
import { type IRunValue, nearestRun, bestSoFar } from './bestSoFar';

/** The number of dots that are drawn. */
const MAX_DOTS = 2000;
const MANY_DOTS = 300;
const MARGIN = { left: 60, right: 12, top: 8, bottom: 18 };

export function BestSoFarChart({ sweep }: { sweep: SweepModel }): ReactElement | null {
  const { commands, trans } = usePanelContext();
  const frame = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(frame);
  const maximize = sweep.summary?.goal === 'maximize';
  const { rows } = sweep;
  const repeat = sweep.summary?.repeat ?? 1;
  const progress = useMemo(() => bestSoFar(rows, maximize, repeat), [rows, maximize, repeat]);
  const innerWidth = Math.max(0, width - MARGIN.left - MARGIN.right);
  const visiblePoints = useMemo(
    () =>
      downsample(progress?.points ?? [], MAX_DOTS).filter(
        ({ value }) => progress !== null && value >= progress.low && value <= progress.high
      ),
    [progress]
  );
  if (progress === null) {
    return <p className="jp-wm-Muted">{trans.__('No runs logged the objective yet.')}</p>;
  }
  const { low, high, points, improvements } = progress;
  const first = points[0].number;
  const last = Math.max(first + 1, points[points.length - 1].number);
  const bottom = height - MARGIN.bottom;
  const span = high - low || 1;
  const x = (number: number) => MARGIN.left + (innerWidth * (number - first)) / (last - first);
  const y = (value: number) => {
    const position = high > low ? (value - low) / span : 0.5;
    return bottom - (bottom - MARGIN.top) * Math.max(-0.03, Math.min(1.03, position));
  };
  const dot = ({ number, value }: IRunValue) =>
    `M${x(number).toFixed(1)} ${y(value).toFixed(1)}h0`;
  const best = improvements[improvements.length - 1];
  const digits = digitsFor(low, high);
  const focused = sweep.focus === null ? undefined : sweep.run(sweep.focus);
  const pointAt = (event: PointerEvent): IRunValue => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    return nearestRun(points, first + ((left - MARGIN.left) / innerWidth) * (last - first));
  };
  const label = trans.__(
    'Best %1 so far over %2 runs: %3, by run %4.',
    sweep.summary?.metric ?? trans.__('objective'),
    points.length,
    formatNumber(best.value),
    best.number
  );
  return (
    <div ref={frame} className="jp-wm-BestSoFarChart">
      {width > 0 && (
        <svg
          role="img"
          aria-label={label}
          width={width}
          height={height}
          onPointerMove={event => sweep.setFocus(pointAt(event).run)}
          onPointerLeave={() => sweep.setFocus(null)}
          onDoubleClick={() => {
            if (sweep.focus !== null) {
              void commands.execute(Commands.openRun, { sweep: sweep.id, run: sweep.focus });
            }
          }}
        >
          {(high > low ? [low, high] : [low]).map(value => (
            <g key={value} className="jp-wm-Axis">
              <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
              <text x={MARGIN.left - 6} y={y(value)} dy="0.35em" textAnchor="end">
                {formatNumber(value, digits)}
              </text>
            </g>
          ))}
          <g className="jp-wm-Axis">
            <text x={MARGIN.left} y={height - 3}>
              {trans.__('run %1', first)}
            </text>
            {points.length > 1 && (
              <text x={width - MARGIN.right} y={height - 3} textAnchor="end">
                {last}
              </text>
            )}
          </g>
          <path
            className="jp-wm-BestSoFarChart-runs"
            d={visiblePoints.map(dot).join('')}
            strokeWidth={visiblePoints.length > MANY_DOTS ? 3 : 5}
          />
          <path className="jp-wm-BestSoFarChart-best" d={stepPath(improvements, x, y, x(last))} />
          <circle
            className="jp-wm-BestSoFarChart-mark"
            cx={x(best.number)}
            cy={y(best.value)}
            r={4}
          />
          {focused?.value != null && (
            <g>
              <circle
                cx={x(focused.number)}
                cy={y(focused.value)}
                r={5}
                fill={runColor(focused.number)}
              />
              <text
                className="jp-wm-BestSoFarChart-text"
                x={Math.min(width - 130, x(focused.number) + 8)}
                y={Math.max(16, y(focused.value) - 8)}
              >
                {trans.__('run %1: %2', focused.number, formatNumber(focused.value, digits))}
              </text>
            </g>
          )}
        </svg>
      )}
    </div>
  );
}

/** Step from improvement to improvement: the best value stays until there is a better one. */
function stepPath(
  improvements: readonly IRunValue[],
  x: (number: number) => number,
  y: (value: number) => number,
  end: number
): string {
  const [first, ...rest] = improvements;
  const steps = rest.map(({ number, value }) => `H${x(number)}V${y(value)}`);
  return `M${x(first.number)} ${y(first.value)}${steps.join('')}H${end}`;
}
