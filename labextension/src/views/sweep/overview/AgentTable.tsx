/** Each agent with its current run, its host and its GPUs. */

import { type ReactElement, useEffect, useState } from 'react';

import { durationOf } from '../../../models/columns';
import { formatDuration } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { CommandButton } from '../../../components/Button';
import { useNow } from '../../../components/useNow';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../api/schemas';
import { RunLink } from '../RunLink';

/** More agents than this are counted, not listed. */
const MAX_AGENTS = 32;

export function AgentTable({ sweep }: { sweep: SweepModel }): ReactElement | null {
  const { trans } = usePanelContext();
  const { summary } = sweep;
  const running = sweep.rows.filter(row => row.state === 'running');
  const gpus = useGpus(sweep, running.slice(0, MAX_AGENTS));
  useNow(running.length > 0);
  if (summary === undefined) {
    return null;
  }
  const slots = new Map(running.map(row => [row.agent, row]));
  const isEnded = ['finished', 'stopped', 'failed'].includes(summary.state);
  const agents = [
    ...new Set([...Array(isEnded ? 0 : summary.agents).keys(), ...slots.keys()])
  ].sort((a, b) => a - b);
  // The cause of a sweep that runs is what prevents the next run.
  const isWaiting = summary.state === 'running' && summary.cause.startsWith('waiting');
  const args = { sweep: sweep.id };
  const hasGpus = running.some(row => gpus.get(row.id));
  return (
    <>
      {agents.length === 0 ? (
        <p className="jp-wm-Muted">
          {trans._n('%1 agent, idle', '%1 agents, idle', summary.agents)}
        </p>
      ) : (
        <table className="jp-wm-PropertyTable">
          <thead>
            <tr>
              <th scope="col">{trans.__('Agent')}</th>
              <th scope="col">{trans.__('Run')}</th>
              <th scope="col">{trans.__('For')}</th>
              <th scope="col">{trans.__('Machine')}</th>
              {hasGpus && <th scope="col">{trans.__('GPU')}</th>}
            </tr>
          </thead>
          <tbody>
            {agents.slice(0, MAX_AGENTS).map(agent => {
              const row = slots.get(agent);
              return (
                <tr key={agent}>
                  <th scope="row">{agent}</th>
                  <td>
                    {row ? (
                      <RunLink sweep={sweep} row={row} />
                    ) : isWaiting ? (
                      <span title={summary.cause}>{trans.__('waiting')}</span>
                    ) : (
                      trans.__('idle')
                    )}
                  </td>
                  <td>{row ? formatDuration(durationOf(row)) : ''}</td>
                  <td>{row?.host}</td>
                  {hasGpus && <td>{row ? gpus.get(row.id) : ''}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {agents.length > MAX_AGENTS && (
        <p className="jp-wm-Muted">{trans.__('and %1 more', agents.length - MAX_AGENTS)}</p>
      )}
      <div className="jp-wm-Buttons">
        <CommandButton command={Commands.setAgents} args={args} showLabel />
        <CommandButton command={Commands.setCount} args={args} showLabel />
      </div>
    </>
  );
}

/** The GPUs of runs, which never change: each run is fetched once. */
function useGpus(sweep: SweepModel, rows: readonly RunRow[]): ReadonlyMap<string, string> {
  const [gpus, setGpus] = useState<ReadonlyMap<string, string>>(new Map());
  const missingIds = rows
    .map(row => row.id)
    .filter(id => !gpus.has(id))
    .join(' ');
  useEffect(() => {
    let isUnmounted = false;
    const ids = missingIds.split(' ').filter(Boolean);
    const ask = async (id: string): Promise<[string, string]> => {
      try {
        return [id, (await sweep.host.api.run(sweep.id, id)).gpus];
      } catch {
        // A run that cannot be read reports the error in its own view.
        return [id, ''];
      }
    };
    void Promise.all(ids.map(ask)).then(entries => {
      if (!isUnmounted && entries.length > 0) {
        setGpus(previous => new Map([...previous, ...entries]));
      }
    });
    return () => {
      isUnmounted = true;
    };
  }, [sweep, missingIds]);
  return gpus;
}
