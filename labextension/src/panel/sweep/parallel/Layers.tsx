/**
 * What is drawn of the runs, in layers, so that each is drawn only when it changes: all runs faint,
 * those in question in their colours, the one that is pointed at, and the axes above them.
 */

import { type ReactElement, useEffect, useMemo, useRef } from 'react';

import { cleared } from '../../../charts/frame';
import { useColours } from '../../../charts/theme';
import { drawAxis, drawFocus } from './axis';
import { type IDimension, NOWHERE } from './dimensions';
import { type ILayout, Painter } from './painter';

/** The runs, by their places in a list, with the places of their values on the axes. */
export interface ILines {
  places: Float32Array;
  /** All runs, in the order in which they are drawn. */
  all: readonly number[];
  /** Those that are in question. */
  passing: readonly number[];
  /** Their colours, by run. */
  colours: readonly string[];
}

const FAINT = 0.3;
/** Up to so many lines, each is drawn thicker. */
const FEW = 30;

export function Layers({
  layout,
  dimensions,
  lines: { places, all, passing, colours },
  focus
}: {
  layout: ILayout;
  dimensions: readonly IDimension[];
  lines: ILines;
  focus: number;
}): ReactElement {
  const faint = useRef<HTMLCanvasElement>(null);
  const lines = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const marks = useRef<HTMLCanvasElement>(null);
  const theme = useColours();
  const painters = useRef<{ faint: Painter; lines: Painter } | null>(null);
  useEffect(() => {
    if (faint.current !== null && lines.current !== null) {
      painters.current = { faint: new Painter(faint.current), lines: new Painter(lines.current) };
    }
    return () => {
      painters.current?.faint.stop();
      painters.current?.lines.stop();
    };
  }, []);
  const isWhole = passing.length === all.length;
  useEffect(() => {
    painters.current?.faint.paint({
      layout,
      places,
      // Where all are in question, nothing has to stand behind them.
      order: isWhole ? [] : all,
      colourOf: () => theme.quiet,
      alpha: FAINT * alphaFor(all.length),
      lineWidth: 1
    });
  }, [layout, places, all, isWhole, theme]);
  useEffect(() => {
    painters.current?.lines.paint({
      layout,
      places,
      order: passing,
      colourOf: run => colours[run],
      alpha: alphaFor(passing.length),
      lineWidth: passing.length > FEW ? 1 : 1.6
    });
  }, [layout, places, passing, colours]);
  useEffect(() => {
    const context = over.current && cleared(over.current, layout);
    if (context !== null && focus >= 0) {
      drawFocus(context, layout, places, focus, colours[focus], theme);
    }
  }, [layout, places, focus, colours, theme]);
  const holed = useMemo(
    () => dimensions.map((_, axis) => hasHole(places, axis, dimensions.length)),
    [places, dimensions]
  );
  useEffect(() => {
    const context = marks.current && cleared(marks.current, layout);
    if (context !== null) {
      dimensions.forEach((dimension, axis) =>
        drawAxis(context, layout, axis, dimension, holed[axis], theme)
      );
    }
  }, [layout, dimensions, holed, theme]);
  return (
    <>
      <canvas ref={faint} aria-hidden="true" />
      <canvas ref={lines} aria-hidden="true" />
      <canvas ref={over} aria-hidden="true" />
      <canvas ref={marks} aria-hidden="true" />
    </>
  );
}

/** Whether some run has no value on an axis. */
function hasHole(places: Float32Array, axis: number, count: number): boolean {
  for (let index = axis; index < places.length; index += count) {
    if (places[index] === NOWHERE) {
      return true;
    }
  }
  return false;
}

/** The more lines there are, the more of each must shine through. */
function alphaFor(count: number): number {
  return Math.max(0.12, Math.min(0.9, 9 / Math.sqrt(Math.max(1, count))));
}
