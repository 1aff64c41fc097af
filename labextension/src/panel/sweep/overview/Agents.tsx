/** Each agent with what it runs now, where, and on which GPUs. */

import { type ReactElement, useEffect, useState } from 'react';

import { duration } from '../../../columns';
import { formatDuration } from '../../../format';
import { useLab } from '../../../lab';
import { CommandButton } from '../../../parts/Button';
import { useNow } from '../../../parts/useNow';
import type { SweepModel } from '../../../sweep';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../wire';
import { RunLink } from './RunLink';

/** More agents than these are counted, not listed. */
const MOST = 32;

export function Agents({ sweep }: { sweep: SweepModel }): ReactElement | null {
  const { trans } = useLab();
  const { summary } = sweep;
  const running = sweep.rows.filter(row => row.state === 'running');
  const gpus = useGpus(sweep, running.slice(0, MOST));
  useNow(running.length > 0);
  if (summary === undefined) {
    return null;
  }
  const slots = new Map(running.map(row => [row.agent, row]));
  const over = ['finished', 'stopped', 'failed'].includes(summary.state);
  const agents = [...new Set([...Array(over ? 0 : summary.agents).keys(), ...slots.keys()])].sort(
    (one, other) => one - other
  );
  const args = { sweep: sweep.id };
  const hasGpus = running.some(row => gpus.get(row.id));
  return (
    <>
      {agents.length === 0 ? (
        <p className="jp-wm-Quiet">
          {trans._n('%1 agent, at rest', '%1 agents, at rest', summary.agents)}
        </p>
      ) : (
        <table className="jp-wm-Facts">
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
            {agents.slice(0, MOST).map(agent => {
              const row = slots.get(agent);
              return (
                <tr key={agent}>
                  <th scope="row">{agent}</th>
                  <td>{row ? <RunLink sweep={sweep} row={row} /> : trans.__('idle')}</td>
                  <td>{row ? formatDuration(duration(row)) : ''}</td>
                  <td>{row?.host}</td>
                  {hasGpus && <td>{row ? gpus.get(row.id) : ''}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
      {agents.length > MOST && (
        <p className="jp-wm-Quiet">{trans.__('and %1 more', agents.length - MOST)}</p>
      )}
      <div className="jp-wm-Buttons">
        <CommandButton command={Commands.setAgents} args={args} word />
        <CommandButton command={Commands.setCount} args={args} word />
      </div>
    </>
  );
}

/** The GPUs that runs own, which never change: each run is asked for once. */
function useGpus(sweep: SweepModel, rows: readonly RunRow[]): ReadonlyMap<string, string> {
  const [gpus, setGpus] = useState<ReadonlyMap<string, string>>(new Map());
  const wanted = rows
    .map(row => row.id)
    .filter(id => !gpus.has(id))
    .join(' ');
  useEffect(() => {
    let over = false;
    const ids = wanted.split(' ').filter(Boolean);
    const ask = async (id: string): Promise<[string, string]> => {
      try {
        return [id, (await sweep.model.api.run(sweep.id, id)).gpus];
      } catch {
        // A run that cannot be read says so in its own view.
        return [id, ''];
      }
    };
    void Promise.all(ids.map(ask)).then(found => {
      if (!over && found.length > 0) {
        setGpus(before => new Map([...before, ...found]));
      }
    });
    return () => {
      over = true;
    };
  }, [sweep, wanted]);
  return gpus;
}
