/**
 * The drawing of the runs in layers, so that each is redrawn only when it changes: all runs faint,
 * the active ones in color, the focused one, and the axes above them.
 */

import { type ReactElement, useEffect, useMemo, useRef } from 'react';

import { prepareCanvas } from '../../../charts/plotArea';
import { useThemeColors } from '../../../charts/theme';
import { drawAxis, drawFocus } from './drawAxis';
import { type IDimension, NO_POSITION } from './dimensions';
import { type ILayout, LineRenderer } from './lineRenderer';

/** The runs, by their index, with the positions of their values on the axes. */
export interface IParallelLines {
  positions: Float32Array;
  /** All runs, in drawing order. */
  all: readonly number[];
  /** The active runs. */
  active: readonly number[];
  /** Their colors, by run. */
  colors: readonly string[];
}

const FAINT_ALPHA = 0.3;
/** Up to this many lines, each is drawn thicker. */
const FEW_LINES = 30;

export function CanvasLayers({
  layout,
  dimensions,
  lines: { positions, all, active, colors },
  focus
}: {
  layout: ILayout;
  dimensions: readonly IDimension[];
  lines: IParallelLines;
  focus: number;
}): ReactElement {
  const faint = useRef<HTMLCanvasElement>(null);
  const lines = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const axesCanvas = useRef<HTMLCanvasElement>(null);
  const theme = useThemeColors();
  const renderers = useRef<{ faint: LineRenderer; lines: LineRenderer } | null>(null);
  useEffect(() => {
    if (faint.current !== null && lines.current !== null) {
      renderers.current = {
        faint: new LineRenderer(faint.current),
        lines: new LineRenderer(lines.current)
      };
    }
    return () => {
      renderers.current?.faint.stop();
      renderers.current?.lines.stop();
    };
  }, []);
  const isWhole = active.length === all.length;
  useEffect(() => {
    renderers.current?.faint.draw({
      layout,
      positions,
      // If all runs are active, nothing needs to be drawn behind them.
      order: isWhole ? [] : all,
      colorOf: () => theme.muted,
      alpha: FAINT_ALPHA * alphaForCount(all.length),
      lineWidth: 1
    });
  }, [layout, positions, all, isWhole, theme]);
  useEffect(() => {
    renderers.current?.lines.draw({
      layout,
      positions,
      order: active,
      colorOf: run => colors[run],
      alpha: alphaForCount(active.length),
      lineWidth: active.length > FEW_LINES ? 1 : 1.6
    });
  }, [layout, positions, active, colors]);
  useEffect(() => {
    const context = overlay.current && prepareCanvas(overlay.current, layout);
    if (context !== null && focus >= 0) {
      drawFocus(context, layout, positions, focus, colors[focus], theme);
    }
  }, [layout, positions, focus, colors, theme]);
  const axesWithMissing = useMemo(
    () => dimensions.map((_, axis) => hasMissingValue(positions, axis, dimensions.length)),
    [positions, dimensions]
  );
  useEffect(() => {
    const context = axesCanvas.current && prepareCanvas(axesCanvas.current, layout);
    if (context !== null) {
      dimensions.forEach((dimension, axis) =>
        drawAxis(context, layout, axis, dimension, axesWithMissing[axis], theme)
      );
    }
  }, [layout, dimensions, axesWithMissing, theme]);
  return (
    <>
      <canvas ref={faint} aria-hidden="true" />
      <canvas ref={lines} aria-hidden="true" />
      <canvas ref={overlay} aria-hidden="true" />
      <canvas ref={axesCanvas} aria-hidden="true" />
    </>
  );
}

/** Whether any run has no value on an axis. */
function hasMissingValue(positions: Float32Array, axis: number, count: number): boolean {
  for (let index = axis; index < positions.length; index += count) {
    if (positions[index] === NO_POSITION) {
      return true;
    }
  }
  return false;
}

/** The more lines there are, the more transparent each must be. */
function alphaForCount(count: number): number {
  return Math.max(0.12, Math.min(0.9, 9 / Math.sqrt(Math.max(1, count))));
}
