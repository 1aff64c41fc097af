/** A run's name, state and facts, and its actions. */

import { caretLeftIcon, caretRightIcon, editIcon, launchIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { runColor } from '../../../colors';
import { durationOf } from '../../../models/columns';
import { formatCell, formatDuration, formatNumber, formatTime } from '../../../format';
import { AnnotationEditor } from '../../../components/AnnotationEditor';
import { Notes, TagList } from '../../../components/Labels';
import { HiddenEnd } from '../../../components/HiddenEnd';
import { hiddenEnd, objectiveLabel } from '../../../models/objective';
import { usePanelContext } from '../../../components/context';
import { webUrl } from '../../../api/urls';
import { Button, CommandButton } from '../../../components/Button';
import { StateLabel } from '../../../components/StateLabel';
import { useNow } from '../../../components/useNow';
import type { RunModel } from '../../../models/runModel';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../api/schemas';
import { alertsOf } from './alerts';
import { definingParams } from './definingParams';
import { ReproducePopover } from './ReproducePopover';

export function RunHeader({
  run,
  onFailure
}: {
  run: RunModel;
  /** Show the traceback. */
  onFailure: () => void;
}): ReactElement | null {
  const { commands, trans } = usePanelContext();
  const { detail, row, sweep } = run;
  const [popoverAnchor, setReproducing] = useState<HTMLElement | null>(null);
  if (row === undefined) {
    return null;
  }
  const args = { sweep: sweep.id, run: run.id };
  const { summary } = sweep;
  const url = webUrl(detail?.url);
  // The reason for which a run was stopped says more than the resulting exception.
  const cause = row.cause || row.failure;
  const isBest = summary?.best?.id === run.id;
  return (
    <header className="jp-wm-RunHeader" data-state={row.state}>
      <h1 title={[row.name, row.id].filter(Boolean).join('\n')}>
        <span className="jp-wm-Dot" style={{ background: runColor(row.number) }} />
        {trans.__('run %1', row.number)}
      </h1>
      <StateLabel state={row.state} />
      <Elapsed row={row} />
      {row.value !== null && (
        <span>
          {objectiveLabel(summary, trans)} <strong>{formatNumber(row.value, 6)}</strong>
          <HiddenEnd text={hiddenEnd(row, summary)} />
          {isBest && <span className="jp-wm-RunHeader-best"> ★ {trans.__('best')}</span>}
        </span>
      )}
      {row.agent >= 0 && <span>{trans.__('agent %1', row.agent)}</span>}
      {row.attempt > 0 && (
        <span title={trans.__('Earlier attempts with the same parameters did not finish.')}>
          {trans.__('attempt %1', row.attempt + 1)}
        </span>
      )}
      {row.host !== '' && <span title={trans.__('Machine')}>{row.host}</span>}
      {url !== null && (
        <a href={url} target="_blank" rel="noreferrer" className="jp-wm-Link">
          <launchIcon.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" /> W&amp;B
        </a>
      )}
      <span className="jp-wm-RunHeader-actions">
        <RunStepButton run={run} by={-1} />
        <RunStepButton run={run} by={1} />
        <CommandButton command={Commands.stopRun} args={args} showLabel />
        <CommandButton command={Commands.resumeRun} args={args} showLabel />
        <CommandButton command={Commands.rerun} args={args} showLabel />
        <CommandButton command={Commands.duplicateRun} args={args} showLabel />
        <CommandButton command={Commands.copyLink} args={args} />
        <Button
          label={trans.__('Reproduce')}
          title={trans.__('Code that reproduces this run')}
          disabled={sweep.detail === null}
          onClick={event => setReproducing(event.currentTarget)}
        />
      </span>
      <div className="jp-wm-RunHeader-params">
        <button
          type="button"
          className="jp-wm-Link"
          title={trans.__('Open the sweep')}
          onClick={() => void commands.execute(Commands.openSweep, { sweep: sweep.id })}
        >
          {summary?.name ?? sweep.id}
        </button>
        {definingParams(row, sweep.detail?.spec).map(([name, value]) => (
          <span key={name} className="jp-wm-Param" title={`${name} = ${formatCell(value, 17)}`}>
            {name} <b>{formatCell(value)}</b>
          </span>
        ))}
      </div>
      <RunLabels run={run} row={row} />
      {alertsOf(summary?.notices ?? [], row.number).map(text => (
        <div key={text} className="jp-wm-RunHeader-alert">
          <b>{trans.__('Alert')}</b> {text}
        </div>
      ))}
      {cause !== '' && (
        <div className="jp-wm-RunHeader-cause">
          <code>{cause}</code>
          {Boolean(detail?.error) && (
            <Button label={trans.__('Show traceback')} onClick={onFailure} />
          )}
        </div>
      )}
      {popoverAnchor !== null && sweep.detail !== null && (
        <ReproducePopover
          row={row}
          name={summary?.name ?? sweep.id}
          detail={sweep.detail}
          anchor={popoverAnchor}
          onClose={() => setReproducing(null)}
        />
      )}
    </header>
  );
}

/** The name, tags and notes of the run, with a button that changes them. */
function RunLabels({ run, row }: { run: RunModel; row: RunRow }): ReactElement {
  const { model, trans } = usePanelContext();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <div className="jp-wm-RunHeader-labels">
      {row.name !== '' && <b>{row.name}</b>}
      {row.group !== '' && <span>{trans.__('group %1', row.group)}</span>}
      <TagList tags={row.tags} />
      <Button
        label={trans.__('Edit name, tags and notes')}
        icon={editIcon}
        onClick={event => setAnchor(event.currentTarget)}
      />
      {row.notes !== '' && <Notes text={row.notes} />}
      {anchor !== null && (
        <AnnotationEditor
          labels={row}
          anchor={anchor}
          onSave={({ tags, ...changes }) =>
            model.request(run.sweep.id, 'annotate_run', {
              run: run.id,
              ...changes,
              ...(tags !== undefined && { tags: [...tags] })
            })
          }
          onClose={() => setAnchor(null)}
        />
      )}
    </div>
  );
}

/** The duration of the run so far, updated while the run is active. */
function Elapsed({ row }: { row: RunRow }): ReactElement | null {
  useNow(row.ended === null);
  return row.started === null ? null : (
    <span title={formatTime(row.started)}>{formatDuration(durationOf(row))}</span>
  );
}

/** Opens the next or the previous run that passes the sweep's filter. */
function RunStepButton({ run, by }: { run: RunModel; by: 1 | -1 }): ReactElement {
  const { commands, trans } = usePanelContext();
  const { sweep } = run;
  const isThisRun = (row: RunRow) => row.id === run.id;
  const runs = sweep.filteredRuns.some(isThisRun) ? sweep.filteredRuns : sweep.rows;
  const index = runs.findIndex(isThisRun);
  const next = index < 0 || index + by < 0 ? undefined : runs.at(index + by);
  return (
    <Button
      label={by > 0 ? trans.__('Next run') : trans.__('Previous run')}
      icon={by > 0 ? caretRightIcon : caretLeftIcon}
      disabled={next === undefined}
      onClick={() => {
        if (next !== undefined) {
          const args = { sweep: sweep.id, run: next.id, instead: run.id };
          void commands.execute(Commands.openRun, args);
        }
      }}
    />
  );
}
