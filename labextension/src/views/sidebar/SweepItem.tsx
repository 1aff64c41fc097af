/** One sweep in the list: its state, best value, problem, and actions. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Fragment, memo, type ReactElement } from 'react';

import { formatAgo, formatDuration, formatTime } from '../../format';
import { usePanelContext } from '../../components/context';
import { bestRuns, bestValue } from '../../models/limits';
import { isActive } from '../../models/sweepsModel';
import { CommandButton } from '../../components/Button';
import { Sparkline } from '../../components/Sparkline';
import { StateLabel } from '../../components/StateLabel';
import { stateLabel } from '../../states';
import { Commands } from '../../tokens';
import type { SweepSummary, Unreadable } from '../../api/schemas';

const DIRECTIONS = { maximize: '↑', minimize: '↓' };

export interface ISweepItemProps {
  sweep: SweepSummary;
  /** Whether it is the current item of the tree. */
  isCurrent: boolean;
  /** Whether its action buttons are shown. */
  showActions: boolean;
  /** The current time, updated every minute. */
  now: number;
}

export const SweepItem = memo(function Item({
  sweep,
  isCurrent,
  showActions,
  now
}: ISweepItemProps): ReactElement {
  const { trans } = usePanelContext();
  const { best, count, ended, goal, state } = sweep;
  const active = isActive(sweep);
  const problem = problemText(sweep, trans);
  const bestLabel = best !== null && (
    <span className="jp-wm-SweepItem-best" title={bestTitle(sweep, trans)}>
      {active && `${trans.__('best')} `}
      <strong>{bestValue(best)}</strong>
      {goal !== null && ` ${DIRECTIONS[goal]}`}
    </span>
  );
  return (
    <>
      <div className="jp-wm-SweepItem-line">
        <StateLabel state={state} allFailed={sweep.all_failed} showLabel={false} />
        <span className="jp-wm-SweepItem-name" title={`${sweep.name}\n${sweep.folder}`}>
          {sweep.name}
        </span>
        {!active && (
          <span className="jp-wm-SweepItem-age" title={formatTime(sweep.created)}>
            {formatAgo(sweep.created, Math.max(sweep.created, now))}
          </span>
        )}
        <span className="jp-wm-SweepItem-progress">
          {count === null ? ended : `${ended}/${count}`}
        </span>
        {!active && bestLabel}
        {!active && showActions && <ItemActions sweep={sweep} isTabStop={isCurrent} />}
      </div>
      {active && count !== null && (
        <div className="jp-wm-SweepItem-bar">
          <div style={{ width: `${Math.min(100, (100 * ended) / count)}%` }} />
        </div>
      )}
      {active && best !== null && (
        <div className="jp-wm-SweepItem-line">
          <Sparkline values={sweep.spark} />
          {bestLabel}
        </div>
      )}
      {problem !== '' && (
        <div className="jp-wm-SweepItem-cause" title={problem}>
          {problem}
        </div>
      )}
      {active && (
        <div className="jp-wm-SweepItem-line">
          <span className="jp-wm-SweepItem-status">
            {factsFor(sweep, trans).map(([kind, text], index) => (
              <Fragment key={kind}>
                {index > 0 && ' · '}
                <span data-fact={kind}>{text}</span>
              </Fragment>
            ))}
          </span>
          <ItemActions sweep={sweep} isTabStop={isCurrent} />
        </div>
      )}
    </>
  );
});

/** A sweep of which only the name is known, and the reason for that. */
export function UnreadableItem({
  sweep,
  isCurrent,
  showActions
}: {
  sweep: Unreadable;
  isCurrent: boolean;
  showActions: boolean;
}): ReactElement {
  const { id, name, reason } = sweep;
  return (
    <>
      <div className="jp-wm-SweepItem-line">
        <span className="jp-wm-StateLabel" data-tone="bad" aria-hidden="true">
          <span className="jp-wm-StateLabel-icon">✗</span>
        </span>
        <span className="jp-wm-SweepItem-name">{name || id}</span>
        {showActions && (
          <span className="jp-wm-SweepItem-actions">
            <CommandButton
              command={Commands.remove}
              args={{ sweep: id }}
              showLabel={false}
              tabIndex={isCurrent ? 0 : -1}
            />
          </span>
        )}
      </div>
      <div className="jp-wm-SweepItem-cause" title={reason}>
        {reason}
      </div>
    </>
  );
}

/** Only the buttons of the current item are tab stops. */
function ItemActions({
  sweep,
  isTabStop
}: {
  sweep: SweepSummary;
  isTabStop: boolean;
}): ReactElement {
  const props = { args: { sweep: sweep.id }, tabIndex: isTabStop ? 0 : -1, showLabel: false };
  return (
    <span className="jp-wm-SweepItem-actions">
      <CommandButton command={Commands.pause} {...props} />
      <CommandButton command={Commands.resume} {...props} showLabel={sweep.state === 'died'} />
      <CommandButton command={Commands.stop} {...props} />
      {!isActive(sweep) && <CommandButton command={Commands.remove} {...props} />}
    </span>
  );
}

/** The most important fact comes first: a narrow sidebar truncates the rest. */
function factsFor(sweep: SweepSummary, trans: TranslationBundle): [string, string][] {
  const { agents, failed, remaining, state } = sweep;
  const facts: [string, string][] = [];
  if (state !== 'running') {
    facts.push([state, stateLabel(state, trans)]);
  }
  if (remaining !== null) {
    facts.push(['left', trans.__('%1 left', formatDuration(remaining))]);
  }
  if (failed > 0) {
    facts.push(['failed', trans.__('%1 failed', failed)]);
  }
  facts.push(['agents', trans._n('%1 agent', '%1 agents', agents)]);
  return facts;
}

/** Why a sweep is not running although it should or could be. */
function problemText(
  { all_failed, cause, state }: SweepSummary,
  trans: TranslationBundle
): string {
  if (all_failed) {
    return trans.__('All runs failed.');
  }
  if (state === 'died') {
    return trans.__('Its supervisor is not running. Resume continues the sweep.');
  }
  return state === 'paused' || state === 'failed' ? cause : '';
}

function bestTitle({ best, goal, metric }: SweepSummary, trans: TranslationBundle): string {
  const objective = trans.__(
    '%1 of %2',
    metric ?? trans.__('objective'),
    best === null ? '' : bestRuns(best, trans)
  );
  return goal === 'maximize'
    ? trans.__('%1; higher is better', objective)
    : trans.__('%1; lower is better', objective);
}

/** Everything shown about a sweep, for screen readers. */
export function accessibleLabel(sweep: SweepSummary, trans: TranslationBundle): string {
  const { best, count, ended, failed, name, remaining, state } = sweep;
  return [
    name,
    stateLabel(state, trans),
    count === null
      ? trans._n('%1 run', '%1 runs', ended)
      : trans.__('%1 of %2 runs', ended, count),
    best === null ? '' : trans.__('best %1', bestValue(best)),
    remaining === null ? '' : trans.__('%1 left', formatDuration(remaining)),
    failed > 0 ? trans.__('%1 failed', failed) : '',
    problemText(sweep, trans)
  ]
    .filter(Boolean)
    .join(', ');
}
