/** Histograms over steps, such as `wandb.watch` logs: all as a heatmap, one of them as bars. */

import { type KeyboardEvent, type ReactElement, useMemo, useState } from 'react';

import { Figure } from '../../../charts/Figure';
import { toCss, objectiveColor } from '../../../charts/palette';
import { type DrawFunction, Plot } from '../../../charts/Plot';
import { formatNumber } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { downsample } from '../../../charts/downsample';
import { valueRange, type IHistogram, totalCount } from './histogram';

/** More columns than this are indistinguishable. */
const MAX_COLUMNS = 200;

export function HistogramSeries({
  name,
  histograms
}: {
  name: string;
  histograms: readonly IHistogram[];
}): ReactElement {
  const { trans } = usePanelContext();
  const [selectedIndex, setPlace] = useState<number | null>(null);
  const columns = useMemo(() => downsample(histograms, MAX_COLUMNS), [histograms]);
  const last = columns.length - 1;
  const index = Math.min(selectedIndex ?? last, last);
  if (last < 0) {
    return <p className="jp-wm-Figure-empty">{trans.__('%1 has no readable histogram.', name)}</p>;
  }
  const histogram = columns[index];
  return (
    <Figure
      title={name}
      note={trans.__('step %1: %2 values', histogram.step, totalCount(histogram))}
      table={() => ({
        columns: [trans.__('from'), trans.__('to'), trans.__('values')],
        length: histogram.counts.length,
        row: index => [histogram.edges[index], histogram.edges[index + 1], histogram.counts[index]]
      })}
    >
      {last > 0 && <HistogramHeatmap name={name} shown={columns} at={index} onPlace={setPlace} />}
      <HistogramBars name={name} histogram={histogram} />
    </Figure>
  );
}

function HistogramHeatmap({
  name,
  shown,
  at,
  onPlace
}: {
  name: string;
  shown: readonly IHistogram[];
  at: number;
  onPlace: (place: number | null) => void;
}): ReactElement {
  const { trans } = usePanelContext();
  const last = shown.length - 1;
  const columnWidth = useMemo(
    () => (shown[last].step - shown[0].step) / Math.max(1, last),
    [shown, last]
  );
  const [x, y] = useMemo(() => {
    const [low, high] = valueRange(shown);
    const end = shown[last].step + columnWidth;
    return [
      {
        scale: { kind: 'linear', low: shown[0].step, high: end } as const,
        title: trans.__('step')
      },
      { scale: { kind: 'linear', low, high: high > low ? high : low + 1 } as const, title: '' }
    ];
  }, [shown, last, columnWidth, trans]);
  const draw = useMemo<DrawFunction>(
    () =>
      (context, frame, { isDark }) => {
        shown.forEach(({ step, edges, counts }, index) => {
          const next = index < last ? shown[index + 1].step : step + columnWidth;
          const [left, right] = [Math.floor(frame.x(step)), Math.ceil(frame.x(next))];
          const maxCount = Math.max(1, ...counts);
          counts.forEach((count, bin) => {
            if (count > 0) {
              // The square root keeps small counts visible beside large ones.
              context.fillStyle = toCss(objectiveColor(Math.sqrt(count / maxCount), isDark));
              const [top, bottom] = [frame.y(edges[bin + 1]), frame.y(edges[bin])];
              context.fillRect(left, top, right - left, Math.max(1, bottom - top));
            }
          });
        });
      },
    [shown, last, columnWidth]
  );
  const drawOverlay = useMemo<DrawFunction>(
    () =>
      (context, frame, { text }) => {
        context.strokeStyle = text;
        context.strokeRect(
          frame.x(shown[at].step),
          frame.top,
          Math.max(2, frame.x(shown[at].step + columnWidth) - frame.x(shown[at].step)),
          frame.bottom - frame.top
        );
      },
    [shown, at, columnWidth]
  );
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: last
    };
    if (event.key in moves) {
      event.preventDefault();
      onPlace(Math.max(0, Math.min(last, moves[event.key])));
    }
  };
  return (
    <Plot
      label={trans.__('Histograms of %1 over %2 steps', name, shown.length)}
      ariaValue={{ text: trans.__('step %1', shown[at].step), place: at, last }}
      x={x}
      y={y}
      draw={draw}
      drawOverlay={drawOverlay}
      onHover={point => {
        if (point === null) {
          onPlace(null);
          return;
        }
        const nextIndex = shown.findIndex(column => column.step > point.x);
        onPlace(Math.max(0, nextIndex < 0 ? last : nextIndex - 1));
      }}
      onKeyDown={onKeyDown}
    />
  );
}

function HistogramBars({
  name,
  histogram
}: {
  name: string;
  histogram: IHistogram;
}): ReactElement {
  const { trans } = usePanelContext();
  const { step, edges, counts } = histogram;
  const [x, y, maxCount] = useMemo(() => {
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const top = Math.max(1, ...counts);
    return [
      { scale: { kind: 'linear', low, high: high > low ? high : low + 1 } as const, title: '' },
      { scale: { kind: 'linear', low: 0, high: top, isInteger: true } as const, title: '' },
      top
    ];
  }, [edges, counts]);
  const draw = useMemo<DrawFunction>(
    () =>
      (context, frame, { brand }) => {
        context.fillStyle = brand;
        counts.forEach((count, bin) => {
          const [left, right] = [frame.x(edges[bin]), frame.x(edges[bin + 1])];
          const top = frame.y(count);
          context.fillRect(left, top, Math.max(1, right - left - 1), frame.bottom - top);
        });
      },
    [edges, counts]
  );
  const range = `${formatNumber(edges[0])} – ${formatNumber(edges[edges.length - 1])}`;
  return (
    <Plot
      label={trans.__('Histogram of %1 at step %2', name, step)}
      ariaValue={{
        text: trans.__('%1, at most %2 in a bin', range, maxCount),
        place: 0,
        last: 0
      }}
      x={x}
      y={y}
      draw={draw}
    />
  );
}
