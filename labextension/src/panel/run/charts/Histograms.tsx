/** Histograms over steps, such as `wandb.watch` logs: all as a picture, one of them as bars. */

import { type KeyboardEvent, type ReactElement, useMemo, useState } from 'react';

import { Figure } from '../../../charts/Figure';
import { css, goodness } from '../../../charts/palette';
import { type Paint, Plot } from '../../../charts/Plot';
import { formatNumber } from '../../../format';
import { useLab } from '../../../lab';
import { chosen, edgesOf, type IHistogram, totalOf } from './histogram';

/** More columns than that are not told apart. */
const MOST = 200;

export function Histograms({
  name,
  histograms
}: {
  name: string;
  histograms: readonly IHistogram[];
}): ReactElement {
  const { trans } = useLab();
  const [place, setPlace] = useState<number | null>(null);
  const shown = useMemo(() => chosen(histograms, MOST), [histograms]);
  const last = shown.length - 1;
  const at = Math.min(place ?? last, last);
  if (last < 0) {
    return (
      <p className="jp-wm-Figure-none">
        {trans.__('%1 has no histogram that can be read.', name)}
      </p>
    );
  }
  const one = shown[at];
  return (
    <Figure
      title={name}
      note={trans.__('step %1: %2 values', one.step, totalOf(one))}
      table={() => ({
        columns: [trans.__('from'), trans.__('to'), trans.__('values')],
        length: one.counts.length,
        row: index => [one.edges[index], one.edges[index + 1], one.counts[index]]
      })}
    >
      {last > 0 && <Picture name={name} shown={shown} at={at} onPlace={setPlace} />}
      <Bars name={name} histogram={one} />
    </Figure>
  );
}

function Picture({
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
  const { trans } = useLab();
  const last = shown.length - 1;
  const widths = useMemo(
    () => (shown[last].step - shown[0].step) / Math.max(1, last),
    [shown, last]
  );
  const [x, y] = useMemo(() => {
    const [low, high] = edgesOf(shown);
    const end = shown[last].step + widths;
    return [
      {
        scale: { kind: 'linear', low: shown[0].step, high: end } as const,
        title: trans.__('step')
      },
      { scale: { kind: 'linear', low, high: high > low ? high : low + 1 } as const, title: '' }
    ];
  }, [shown, last, widths, trans]);
  const paint = useMemo<Paint>(
    () =>
      (context, frame, { dark }) => {
        shown.forEach(({ step, edges, counts }, index) => {
          const next = index < last ? shown[index + 1].step : step + widths;
          const [left, right] = [Math.floor(frame.x(step)), Math.ceil(frame.x(next))];
          const most = Math.max(1, ...counts);
          counts.forEach((count, bin) => {
            if (count > 0) {
              // Few values must be seen beside many: the root of the share.
              context.fillStyle = css(goodness(Math.sqrt(count / most), dark));
              const [top, bottom] = [frame.y(edges[bin + 1]), frame.y(edges[bin])];
              context.fillRect(left, top, right - left, Math.max(1, bottom - top));
            }
          });
        });
      },
    [shown, last, widths]
  );
  const paintOver = useMemo<Paint>(
    () =>
      (context, frame, { text }) => {
        context.strokeStyle = text;
        context.strokeRect(
          frame.x(shown[at].step),
          frame.top,
          Math.max(2, frame.x(shown[at].step + widths) - frame.x(shown[at].step)),
          frame.bottom - frame.top
        );
      },
    [shown, at, widths]
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
      reading={{ text: trans.__('step %1', shown[at].step), place: at, last }}
      x={x}
      y={y}
      paint={paint}
      paintOver={paintOver}
      onHover={point => {
        if (point === null) {
          onPlace(null);
          return;
        }
        const after = shown.findIndex(each => each.step > point.x);
        onPlace(Math.max(0, after < 0 ? last : after - 1));
      }}
      onKeyDown={onKeyDown}
    />
  );
}

function Bars({ name, histogram }: { name: string; histogram: IHistogram }): ReactElement {
  const { trans } = useLab();
  const { step, edges, counts } = histogram;
  const [x, y, most] = useMemo(() => {
    const [low, high] = [edges[0], edges[edges.length - 1]];
    const top = Math.max(1, ...counts);
    return [
      { scale: { kind: 'linear', low, high: high > low ? high : low + 1 } as const, title: '' },
      { scale: { kind: 'linear', low: 0, high: top, whole: true } as const, title: '' },
      top
    ];
  }, [edges, counts]);
  const paint = useMemo<Paint>(
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
      reading={{
        text: trans.__('%1, at most %2 in a bin', range, most),
        place: 0,
        last: 0
      }}
      x={x}
      y={y}
      paint={paint}
    />
  );
}
