/** The sweep at a glance: its state, progress, best value and remaining time. */

import { editIcon, ellipsesIcon, launchIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { bestRuns, bestValue, timeLeft } from '../../models/limits';
import { objectiveLabel } from '../../models/objective';
import { usePanelContext } from '../../components/context';
import { webUrl } from '../../api/urls';
import { isActive } from '../../models/sweepsModel';
import { AnnotationEditor } from '../../components/AnnotationEditor';
import { Notes, TagList } from '../../components/Labels';
import { Button, CommandButton } from '../../components/Button';
import { type MenuEntry, openMenu } from '../../components/menu';
import { StateLabel } from '../../components/StateLabel';
import { Commands } from '../../tokens';
import type { SweepDetail, SweepSummary } from '../../api/schemas';

export function SweepHeader({
  summary,
  detail
}: {
  summary: SweepSummary;
  detail: SweepDetail | null;
}): ReactElement {
  const { commands, model, trans } = usePanelContext();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const { best, count, ended, remaining } = summary;
  const url = webUrl(summary.url);
  const args = { sweep: summary.id };
  const entries: MenuEntry[] = [
    { command: Commands.drain, args },
    'separator',
    { command: Commands.setAgents, args },
    { command: Commands.setCount, args },
    { command: Commands.setLimits, args },
    { command: Commands.sync, args },
    'separator',
    { command: Commands.copyLink, args },
    { command: Commands.copyBest, args },
    { command: Commands.insertBest, args },
    'separator',
    ...(detail?.notebook
      ? ([{ command: Commands.openNotebook, args: { ...args, path: detail.notebook } }] as const)
      : []),
    { command: Commands.remove, args }
  ];
  return (
    <div role="group" aria-label={summary.name} className="jp-wm-SweepHeader">
      <h1 title={`${summary.name}\n${summary.folder}`}>{summary.name}</h1>
      <span className="jp-wm-SweepHeader-state">
        <StateLabel state={summary.state} allFailed={summary.all_failed} />{' '}
        {count === null ? ended : `${ended}/${count}`}
      </span>
      {best !== null && (
        <span className="jp-wm-SweepHeader-best" title={objectiveLabel(summary, trans)}>
          {trans.__('best')} <strong>{bestValue(best)}</strong>{' '}
          <button
            type="button"
            className="jp-wm-Link"
            onClick={() =>
              void commands.execute(Commands.openRun, { sweep: summary.id, run: best.id })
            }
          >
            {bestRuns(best, trans)}
          </button>
        </span>
      )}
      <span>{trans._n('%1 agent', '%1 agents', summary.agents)}</span>
      {summary.failed > 0 && (
        <span className="jp-wm-SweepHeader-failed">{trans.__('%1 failed', summary.failed)}</span>
      )}
      {summary.state === 'running' && remaining !== null && (
        <span>{timeLeft(summary, trans)}</span>
      )}
      {url !== null && (
        <a href={url} target="_blank" rel="noreferrer" className="jp-wm-Link">
          <launchIcon.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" /> W&amp;B
        </a>
      )}
      <span className="jp-wm-SweepHeader-actions">
        <CommandButton command={Commands.pause} args={args} showLabel />
        <CommandButton command={Commands.resume} args={args} showLabel />
        <CommandButton command={Commands.stop} args={args} showLabel />
        <Button
          label={trans.__('Edit name, tags and notes')}
          icon={editIcon}
          onClick={event => setAnchor(event.currentTarget)}
        />
        <Button
          label={trans.__('More')}
          icon={ellipsesIcon}
          onClick={event => openMenu(commands, entries, event.currentTarget)}
        />
      </span>
      {(summary.tags.length > 0 || summary.notes !== '') && (
        <div className="jp-wm-SweepHeader-labels">
          <TagList tags={summary.tags} />
          {summary.notes !== '' && <Notes text={summary.notes} />}
        </div>
      )}
      {anchor !== null && (
        <AnnotationEditor
          labels={summary}
          anchor={anchor}
          onSave={({ tags, ...changes }) =>
            model.request(summary.id, 'annotate', {
              ...changes,
              ...(tags !== undefined && { tags: [...tags] })
            })
          }
          onClose={() => setAnchor(null)}
        />
      )}
      <progress
        max={count ?? 1}
        value={count === null ? undefined : ended}
        hidden={count === null || !isActive(summary)}
        aria-label={trans.__('Progress')}
      />
    </div>
  );
}
