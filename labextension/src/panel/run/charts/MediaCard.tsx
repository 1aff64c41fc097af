/** What a run logged under one key that is no number, step by step. */

import { type ReactElement, useEffect, useRef, useState } from 'react';

import { useLab, useSignal } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Problem, Skeleton } from '../../../parts/Notices';
import { useInSight } from '../../../parts/useInSight';
import type { RunModel } from '../../../run';
import type { Chart, MediaItem } from '../../../wire';
import { useVisible } from '../../widget';
import { histogramOf } from './histogram';
import { Histograms } from './Histograms';
import { shownOf } from './media';
import { MediaView } from './MediaView';

/** Steps that are shown beside each other. */
const BESIDE = 12;

export function MediaCard({ run, name }: { run: RunModel; name: string }): ReactElement {
  const { trans } = useLab();
  const own = useRef<HTMLElement>(null);
  const media = run.media(name);
  const seen = useInSight(own);
  const visible = useVisible();
  const wanted = seen && visible;
  const count = run.mediaCount;
  useSignal(media.changed, run.changed);
  useEffect(() => {
    if (wanted) {
      media.keep(count);
    } else {
      media.pause();
    }
  }, [media, wanted, count]);
  const items = media.value?.items ?? null;
  const chart = run.detail?.charts[name] ?? null;
  const title = chart?.key ?? name;
  return (
    <section
      ref={own}
      className="jp-wm-Card jp-wm-Media"
      aria-label={title}
      data-chart={chart !== null || undefined}
    >
      {media.problem !== '' && <Problem message={media.problem} onRetry={() => media.refresh()} />}
      {items === null ? (
        <Titled title={title}>
          <Skeleton lines={4} />
        </Titled>
      ) : items.length === 0 ? (
        <Titled title={title}>
          <p className="jp-wm-Figure-none">{trans.__('This run has not logged %1.', title)}</p>
        </Titled>
      ) : shownOf(items[items.length - 1].value).kind === 'histogram' ? (
        <Histograms
          name={name}
          histograms={items.flatMap(({ step, value }) => histogramOf(step, value) ?? [])}
        />
      ) : (
        <Steps run={run} name={title} items={items} chart={chart} />
      )}
    </section>
  );
}

function Titled({ title, children }: { title: string; children: ReactElement }): ReactElement {
  return (
    <>
      <h3 className="jp-wm-Media-title">{title}</h3>
      {children}
    </>
  );
}

/** One step, chosen with a slider, or the last ones beside each other. */
function Steps({
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
  const { trans } = useLab();
  const [chosen, setChosen] = useState<number | null>(null);
  const [beside, setBeside] = useState(false);
  const last = items.length - 1;
  // The newest one, until somebody chooses.
  const at = Math.min(chosen ?? last, last);
  const shown = beside ? items.slice(-BESIDE) : [items[at]];
  return (
    <>
      <header className="jp-wm-Media-head">
        <h3 className="jp-wm-Media-title">{name}</h3>
        {last > 0 && (
          <Button
            label={trans.__('Side by side')}
            pressed={beside}
            onClick={() => setBeside(!beside)}
          />
        )}
      </header>
      {last > 0 && !beside && (
        <label className="jp-wm-Media-slider">
          <span>{trans.__('step %1', items[at].step)}</span>
          <input
            type="range"
            min={0}
            max={last}
            value={at}
            aria-label={trans.__('Step')}
            aria-valuetext={trans.__('step %1', items[at].step)}
            onChange={event => {
              const place = Number(event.target.value);
              setChosen(place === last ? null : place);
            }}
          />
        </label>
      )}
      <div className="jp-wm-Media-steps" data-beside={beside || undefined}>
        {shown.map((item, index) => (
          <div key={`${item.step}-${index}`} className="jp-wm-Media-step">
            {beside && <h4>{trans.__('step %1', item.step)}</h4>}
            <MediaView run={run} name={name} item={item} chart={chart} />
          </div>
        ))}
      </div>
    </>
  );
}
