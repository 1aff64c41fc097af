/** A sweep below the cell that started it: one line, the best value so far, the newest runs. */

import { launchIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useEffect, useRef, useState } from 'react';

import { bestValue, formatCost, timeLeft } from '../../models/limits';
import { objectiveLabel } from '../../models/objective';
import { usePanelContext } from '../../components/context';
import { useSignal } from '../../components/useSignal';
import { CommandButton } from '../../components/Button';
import { ConnectionBanner } from '../../components/Placeholders';
import { Sparkline } from '../../components/Sparkline';
import { StateLabel } from '../../components/StateLabel';
import { useIntersection } from '../../components/useIntersection';
import { Commands } from '../../tokens';
import type { SweepSummary } from '../../api/schemas';
import { useVisible } from '../../components/viewContext';
import { CapturedVariables } from './CapturedVariables';
import { RecentRuns } from './RecentRuns';

export function SweepCell({ id }: { id: string }): ReactElement {
  const { model, trans } = usePanelContext();
  const root = useRef<HTMLElement>(null);
  const isIntersecting = useIntersection(root);
  const isVisible = useVisible() && isIntersecting;
  useEffect(() => {
    const watching = isVisible ? model.watch(id) : null;
    return () => watching?.dispose();
  }, [model, id, isVisible]);
  useSignal(model.changed);
  const sweep = model.summary(id);
  return (
    <section
      ref={root}
      className="jp-wm-SweepCell jp-wm-mod-sweep"
      aria-label={trans.__('Sweep %1', sweep?.name ?? id)}
      data-sweep={id}
      // Otherwise the notebook's shortcuts would take Enter and Space from the buttons.
      data-lm-suppress-shortcuts="true"
    >
      {sweep === undefined ? (
        <MissingSweep id={id} looking={isVisible} />
      ) : (
        <>
          <StatusLine sweep={sweep} />
          <ConnectionBanner />
          {sweep.notices.map(text => (
            <div key={text} className="jp-wm-SweepCell-muted">
              {text}
            </div>
          ))}
          <Sparkline values={sweep.spark} />
          <RecentRuns sweep={id} looking={isVisible} />
          <CapturedVariables sweep={id} looking={isVisible} />
        </>
      )}
    </section>
  );
}

function StatusLine({ sweep }: { sweep: SweepSummary }): ReactElement {
  const { trans } = usePanelContext();
  const { best, cause, cost, count, ended, failed, id, limits, name, remaining, state } = sweep;
  const args = { sweep: id };
  // "paused on request" repeats the state label that it follows.
  const causeText = cause.startsWith(`${state} `) ? cause.slice(state.length + 1) : cause;
  const reason = state === 'died' ? trans.__('its supervisor is not running') : causeText;
  return (
    <div className="jp-wm-SweepCell-line">
      <strong className="jp-wm-SweepCell-name" title={`${name}\n${sweep.folder}`}>
        {name}
      </strong>
      <span>
        <StateLabel state={state} allFailed={sweep.all_failed} />{' '}
        {count === null ? ended : `${ended}/${count}`}
      </span>
      {best !== null && (
        <span title={objectiveLabel(sweep, trans)}>
          {trans.__('best')} <strong>{bestValue(best)}</strong>
        </span>
      )}
      {failed > 0 && (
        <span className="jp-wm-SweepCell-failed">{trans.__('%1 failed', failed)}</span>
      )}
      {remaining !== null && <span>{timeLeft(sweep, trans)}</span>}
      {cost !== null && (
        <span>
          {limits.max_cost === null
            ? trans.__('cost %1', formatCost(cost))
            : trans.__('cost %1 of %2', formatCost(cost), formatCost(limits.max_cost))}
        </span>
      )}
      {reason !== '' && <span className="jp-wm-SweepCell-muted">{reason}</span>}
      <span className="jp-wm-SweepCell-actions">
        <CommandButton command={Commands.pause} args={args} />
        <CommandButton command={Commands.resume} args={args} showLabel={state !== 'stopped'} />
        <CommandButton command={Commands.stop} args={args} />
        <CommandButton
          command={Commands.openSweep}
          args={args}
          label={trans.__('Open')}
          icon={launchIcon}
          showLabel
        />
      </span>
    </div>
  );
}

/** Nothing while loading; then why only the saved output, below, can be shown. */
function MissingSweep({ id, looking }: { id: string; looking: boolean }): ReactElement | null {
  const { model, trans } = usePanelContext();
  const [isRefreshed, setSought] = useState(false);
  const { isReady } = model;
  useEffect(() => {
    // A sweep that has just started may not be listed yet.
    if (isReady && looking && !isRefreshed) {
      model.refresh().then(
        () => setSought(true),
        () => undefined
      );
    }
  }, [model, isReady, looking, isRefreshed]);
  const unreadable = model.unreadable.find(sweep => sweep.id === id);
  if (unreadable === undefined && !isRefreshed) {
    return null;
  }
  return (
    <div className="jp-wm-SweepCell-muted">
      {unreadable?.reason ??
        trans.__(
          'The sweep %1 was not found: it was deleted or moved, or is on another machine. Its last state:',
          id
        )}
    </div>
  );
}
