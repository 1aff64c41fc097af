/** One sweep in the list: how it goes, how good it is, what is wrong, and its verbs. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Fragment, memo, type ReactElement } from 'react';

import { formatAgo, formatDuration, formatNumber, formatTime } from '../../format';
import { useLab } from '../../lab';
import { isActive } from '../../model';
import { CommandButton } from '../../parts/Button';
import { Sparkline } from '../../parts/Sparkline';
import { State } from '../../parts/State';
import { stateWord } from '../../states';
import { Commands } from '../../tokens';
import type { SweepSummary, Unreadable } from '../../wire';

const DIRECTIONS = { maximize: '↑', minimize: '↓' };

export interface IItemProps {
  sweep: SweepSummary;
  /** Whether the keyboard is at it. */
  current: boolean;
  /** Whether its verbs are shown. */
  verbs: boolean;
  /** The time, anew each minute. */
  now: number;
}

export const Item = memo(function Item({ sweep, current, verbs, now }: IItemProps): ReactElement {
  const { trans } = useLab();
  const { best, count, ended, goal, state } = sweep;
  const active = isActive(sweep);
  const said = whatIsWrong(sweep, trans);
  const quality = best !== null && (
    <span className="jp-wm-SweepItem-best" title={bestTitle(sweep, trans)}>
      {active && `${trans.__('best')} `}
      <strong>{formatNumber(best.value)}</strong>
      {goal !== null && ` ${DIRECTIONS[goal]}`}
    </span>
  );
  return (
    <>
      <div className="jp-wm-SweepItem-line">
        <State state={state} word={false} />
        <span className="jp-wm-SweepItem-name" title={`${sweep.name}\n${sweep.folder}`}>
          {sweep.name}
        </span>
        {!active && (
          <span className="jp-wm-SweepItem-age" title={formatTime(sweep.created)}>
            {formatAgo(sweep.created, Math.max(sweep.created, now))}
          </span>
        )}
        <span className="jp-wm-SweepItem-done">
          {count === null ? ended : `${ended}/${count}`}
        </span>
        {!active && quality}
        {!active && verbs && <Verbs sweep={sweep} reachable={current} />}
      </div>
      {active && count !== null && (
        <div className="jp-wm-SweepItem-bar">
          <div style={{ width: `${Math.min(100, (100 * ended) / count)}%` }} />
        </div>
      )}
      {active && best !== null && (
        <div className="jp-wm-SweepItem-line">
          <Sparkline values={sweep.spark} />
          {quality}
        </div>
      )}
      {said !== '' && (
        <div className="jp-wm-SweepItem-cause" title={said}>
          {said}
        </div>
      )}
      {active && (
        <div className="jp-wm-SweepItem-line">
          <span className="jp-wm-SweepItem-facts">
            {factsOf(sweep, trans).map(([kind, text], place) => (
              <Fragment key={kind}>
                {place > 0 && ' · '}
                <span data-fact={kind}>{text}</span>
              </Fragment>
            ))}
          </span>
          <Verbs sweep={sweep} reachable={current} />
        </div>
      )}
    </>
  );
});

/** A sweep of which only the name is known, and why. */
export function UnreadableItem({
  sweep,
  current,
  verbs
}: {
  sweep: Unreadable;
  current: boolean;
  verbs: boolean;
}): ReactElement {
  const { id, name, reason } = sweep;
  return (
    <>
      <div className="jp-wm-SweepItem-line">
        <span className="jp-wm-State" data-state="failed" aria-hidden="true">
          <span className="jp-wm-State-mark">✗</span>
        </span>
        <span className="jp-wm-SweepItem-name">{name || id}</span>
        {verbs && (
          <span className="jp-wm-SweepItem-verbs">
            <CommandButton
              command={Commands.remove}
              args={{ sweep: id }}
              word={false}
              tabIndex={current ? 0 : -1}
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

/** Only those of the current item are stops of the Tab key. */
function Verbs({ sweep, reachable }: { sweep: SweepSummary; reachable: boolean }): ReactElement {
  const props = { args: { sweep: sweep.id }, tabIndex: reachable ? 0 : -1, word: false };
  return (
    <span className="jp-wm-SweepItem-verbs">
      <CommandButton command={Commands.pause} {...props} />
      <CommandButton command={Commands.resume} {...props} word={sweep.state === 'died'} />
      <CommandButton command={Commands.stop} {...props} />
      {!isActive(sweep) && <CommandButton command={Commands.remove} {...props} />}
    </span>
  );
}

/** What matters most comes first: a narrow sidebar cuts the rest. */
function factsOf(sweep: SweepSummary, trans: TranslationBundle): [string, string][] {
  const { agents, failed, remaining, state } = sweep;
  const facts: [string, string][] = [];
  if (state !== 'running') {
    facts.push([state, stateWord(state, trans)]);
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

/** Why a sweep does not go on, where it should or might. */
function whatIsWrong({ cause, state }: SweepSummary, trans: TranslationBundle): string {
  if (state === 'died') {
    return trans.__('Its supervisor is gone. Resume goes on where it stopped.');
  }
  return state === 'paused' || state === 'failed' ? cause : '';
}

function bestTitle({ best, goal, metric }: SweepSummary, trans: TranslationBundle): string {
  const what = trans.__('%1 of run %2', metric ?? trans.__('objective'), best?.number ?? '');
  return goal === 'maximize'
    ? trans.__('%1; higher is better', what)
    : trans.__('%1; lower is better', what);
}

/** All that is shown of a sweep, to be read out. */
export function spoken(sweep: SweepSummary, trans: TranslationBundle): string {
  const { best, count, ended, failed, name, remaining, state } = sweep;
  return [
    name,
    stateWord(state, trans),
    count === null
      ? trans._n('%1 run', '%1 runs', ended)
      : trans.__('%1 of %2 runs', ended, count),
    best === null ? '' : trans.__('best %1', formatNumber(best.value)),
    remaining === null ? '' : trans.__('%1 left', formatDuration(remaining)),
    failed > 0 ? trans.__('%1 failed', failed) : '',
    whatIsWrong(sweep, trans)
  ]
    .filter(Boolean)
    .join(', ');
}
