/** A sweep under the cell that started it: one line, the best value so far, the newest runs. */

import { launchIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect, useRef, useState } from 'react';

import { formatDuration, formatNumber } from '../../format';
import { useLab, useSignal } from '../../lab';
import { CommandButton } from '../../parts/Button';
import { Stale } from '../../parts/Notices';
import { Sparkline } from '../../parts/Sparkline';
import { State } from '../../parts/State';
import { useInSight } from '../../parts/useInSight';
import { Commands } from '../../tokens';
import type { SweepSummary } from '../../wire';
import { useVisible } from '../widget';
import { Luggage } from './Luggage';
import { Newest } from './Newest';

export function Cell({ id }: { id: string }): ReactElement {
  const { model, trans } = useLab();
  const root = useRef<HTMLElement>(null);
  const inSight = useInSight(root);
  const looking = useVisible() && inSight;
  useEffect(() => {
    const watching = looking ? model.watch(id) : null;
    return () => watching?.dispose();
  }, [model, id, looking]);
  useSignal(model.changed);
  const sweep = model.summary(id);
  return (
    <section
      ref={root}
      className="jp-wm-InCell jp-wm-mod-sweep"
      aria-label={trans.__('Sweep %1', sweep?.name ?? id)}
      data-sweep={id}
      // The notebook's own keys would take Enter and Space from the buttons.
      data-lm-suppress-shortcuts="true"
    >
      {sweep === undefined ? (
        <Missing id={id} looking={looking} />
      ) : (
        <>
          <Line sweep={sweep} />
          <Stale />
          {sweep.notices.map(text => (
            <div key={text} className="jp-wm-InCell-quiet">
              {text}
            </div>
          ))}
          <Sparkline values={sweep.spark} />
          <Newest sweep={id} looking={looking} />
          <Luggage sweep={id} looking={looking} />
        </>
      )}
    </section>
  );
}

function Line({ sweep }: { sweep: SweepSummary }): ReactElement {
  const { trans } = useLab();
  const { best, cause, count, ended, failed, id, name, remaining, state } = sweep;
  const args = { sweep: id };
  // "paused on request" stands behind the word that it begins with.
  const rest = cause.startsWith(`${state} `) ? cause.slice(state.length + 1) : cause;
  const why = state === 'died' ? trans.__('its supervisor is gone') : rest;
  return (
    <div className="jp-wm-InCell-line">
      <strong className="jp-wm-InCell-name" title={`${name}\n${sweep.folder}`}>
        {name}
      </strong>
      <span>
        <State state={state} /> {count === null ? ended : `${ended}/${count}`}
      </span>
      {best !== null && (
        <span title={sweep.metric ?? undefined}>
          {trans.__('best')} <strong>{formatNumber(best.value)}</strong>
        </span>
      )}
      {failed > 0 && <span className="jp-wm-InCell-failed">{trans.__('%1 failed', failed)}</span>}
      {remaining !== null && <span>{trans.__('%1 left', formatDuration(remaining))}</span>}
      {why !== '' && <span className="jp-wm-InCell-quiet">{why}</span>}
      <span className="jp-wm-InCell-verbs">
        <CommandButton command={Commands.pause} args={args} />
        <CommandButton command={Commands.resume} args={args} word={state !== 'stopped'} />
        <CommandButton command={Commands.stop} args={args} />
        <CommandButton
          command={Commands.openSweep}
          args={args}
          label={trans.__('Open')}
          icon={launchIcon}
          word
        />
      </span>
    </div>
  );
}

/** Nothing while nobody knows; then why only what was saved can be shown, below this. */
function Missing({ id, looking }: { id: string; looking: boolean }): ReactElement | null {
  const { model, trans } = useLab();
  const [sought, setSought] = useState(false);
  const { ready } = model;
  useEffect(() => {
    // A sweep that has just begun may not have been told yet.
    if (ready && looking && !sought) {
      model.refresh().then(
        () => setSought(true),
        () => undefined
      );
    }
  }, [model, ready, looking, sought]);
  const unreadable = model.unreadable.find(each => each.id === id);
  if (unreadable === undefined && !sought) {
    return null;
  }
  return (
    <div className="jp-wm-InCell-quiet">
      {unreadable?.reason ??
        trans.__('The sweep %1 is gone: deleted, moved, or of another machine. It was last:', id)}
    </div>
  );
}
