/** The non-numeric values that a run logged under one key, step by step. */

import { type ReactElement, useEffect, useMemo, useRef, useState } from 'react';

import { runColor } from '../../../colors';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { Button } from '../../../components/Button';
import { ErrorMessage, Skeleton } from '../../../components/Placeholders';
import { useIntersection } from '../../../components/useIntersection';
import type { RunModel } from '../../../models/runModel';
import type { Chart, MediaItem } from '../../../api/schemas';
import { useVisible } from '../../../components/viewContext';
import { parseHistogram } from './histogram';
import { HistogramSeries } from './HistogramSeries';
import { layerColors, parseMedia } from './media';
import { MediaView } from './MediaView';

/** The number of steps shown side by side. */
const MAX_SIDE_BY_SIDE = 12;

export function MediaCard({ run, name }: { run: RunModel; name: string }): ReactElement {
  const { trans } = usePanelContext();
  const ref = useRef<HTMLElement>(null);
  const media = run.media(name);
  const isIntersecting = useIntersection(ref);
  const isPanelVisible = useVisible();
  const isVisible = isIntersecting && isPanelVisible;
  const count = run.mediaCount;
  useSignal(media.changed, run.changed);
  useEffect(() => {
    if (isVisible) {
      media.ensureFresh(count);
    } else {
      media.pause();
    }
  }, [media, isVisible, count]);
  const items = media.value?.items ?? null;
  const chart = run.detail?.charts[name] ?? null;
  const title = chart?.key ?? name;
  return (
    <section
      ref={ref}
      className="jp-wm-Card jp-wm-Media"
      aria-label={title}
      data-chart={chart !== null || undefined}
    >
      {media.problem !== '' && (
        <ErrorMessage message={media.problem} onRetry={() => media.refresh()} />
      )}
      {items === null ? (
        <TitledCard title={title}>
          <Skeleton lines={4} />
        </TitledCard>
      ) : items.length === 0 ? (
        <TitledCard title={title}>
          <p className="jp-wm-Figure-empty">{trans.__('This run did not log %1.', title)}</p>
        </TitledCard>
      ) : parseMedia(items[items.length - 1].value).kind === 'histogram' ? (
        <HistogramSeries
          name={name}
          histograms={items.flatMap(({ step, value }) => parseHistogram(step, value) ?? [])}
        />
      ) : (
        <MediaSteps run={run} name={title} items={items} chart={chart} />
      )}
    </section>
  );
}

function TitledCard({ title, children }: { title: string; children: ReactElement }): ReactElement {
  return (
    <>
      <h3 className="jp-wm-Media-title">{title}</h3>
      {children}
    </>
  );
}

/** One step, chosen with a slider, or the last ones side by side. */
function MediaSteps({
  run,
  name,
  items,
  chart
}: {
  run: RunModel;
  name: string;
  items: readonly MediaItem[];
  chart: Chart | null;
}): ReactElement {
  const { trans } = usePanelContext();
  const [selectedIndex, setChosen] = useState<number | null>(null);
  const [isSideBySide, setBeside] = useState(false);
  const last = items.length - 1;
  const colors = useMemo(
    () =>
      layerColors(
        items.map(({ value }) => value),
        runColor
      ),
    [items]
  );
  // Show the newest step until the user chooses one.
  const index = Math.min(selectedIndex ?? last, last);
  const visibleItems = isSideBySide ? items.slice(-MAX_SIDE_BY_SIDE) : [items[index]];
  return (
    <>
      <header className="jp-wm-Media-head">
        <h3 className="jp-wm-Media-title">{name}</h3>
        {last > 0 && (
          <Button
            label={trans.__('Side by side')}
            isPressed={isSideBySide}
            onClick={() => setBeside(!isSideBySide)}
          />
        )}
      </header>
      {last > 0 && !isSideBySide && (
        <label className="jp-wm-Media-slider">
          <span>{trans.__('step %1', items[index].step)}</span>
          <input
            type="range"
            min={0}
            max={last}
            value={index}
            aria-label={trans.__('Step')}
            aria-valuetext={trans.__('step %1', items[index].step)}
            onChange={event => {
              const sliderIndex = Number(event.target.value);
              setChosen(sliderIndex === last ? null : sliderIndex);
            }}
          />
        </label>
      )}
      <div className="jp-wm-Media-steps" data-beside={isSideBySide || undefined}>
        {visibleItems.map((item, index) => (
          <div key={`${item.step}-${index}`} className="jp-wm-Media-step">
            {isSideBySide && <h4>{trans.__('step %1', item.step)}</h4>}
            <MediaView run={run} name={name} item={item} colors={colors} chart={chart} />
          </div>
        ))}
      </div>
    </>
  );
}
