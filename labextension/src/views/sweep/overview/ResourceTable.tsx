/** The machines, workers and GPUs of a sweep, who uses them, and what its next run waits for. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { Fragment, type ReactElement } from 'react';

import type { Gpu, GpuShare, Host, Resources } from '../../../api/schemas';
import { usePanelContext } from '../../../components/context';
import { useNow } from '../../../components/useNow';
import { formatDuration, formatSize } from '../../../format';
import { isActive } from '../../../models/sweepsModel';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import { RunLink } from '../RunLink';
import { gpuLabel, leasedText, waitingText } from './resourceTexts';
import { useResources } from './useResources';

/** More workers than this are counted, not listed. */
const MAX_HOSTS = 32;
/** More runs of a worker than this are counted, not listed. */
const MAX_RUNS = 8;

export function ResourceTable({ sweep }: { sweep: SweepModel }): ReactElement | null {
  const { trans } = usePanelContext();
  const { summary } = sweep;
  const resources = useResources(sweep);
  const hosts = resources?.hosts ?? [];
  if (summary === undefined) {
    return null;
  }
  if (!isActive(summary)) {
    return <p className="jp-wm-Muted">{trans.__('Nothing is in use: the sweep has ended.')}</p>;
  }
  if (resources === null) {
    return <p className="jp-wm-Muted">{trans.__('Loading…')}</p>;
  }
  const waiting = waitingText(summary, trans);
  return (
    <>
      {summary.state === 'died' && (
        <p className="jp-wm-Resources-problem">
          {trans.__('Its supervisor is not running. This is what it recorded last.')}
        </p>
      )}
      {resources.problem !== '' && <p className="jp-wm-Resources-problem">{resources.problem}</p>}
      {waiting !== '' && <p className="jp-wm-Resources-waiting">{waiting}</p>}
      {hosts.length === 0 ? (
        <p className="jp-wm-Muted">{emptyText(resources, trans)}</p>
      ) : (
        <table className="jp-wm-PropertyTable jp-wm-Resources">
          <tbody>
            {hosts.slice(0, MAX_HOSTS).map(host => (
              <Fragment key={`${host.address} ${host.name}`}>
                <HostRow sweep={sweep} host={host} />
                {host.gpus.map(gpu => (
                  <GpuRow key={gpu.id} sweep={sweep} gpu={gpu} />
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      )}
      {hosts.length > MAX_HOSTS && (
        <p className="jp-wm-Muted">{trans.__('and %1 more', hosts.length - MAX_HOSTS)}</p>
      )}
    </>
  );
}

function emptyText({ problem }: Resources, trans: TranslationBundle): string {
  return problem === ''
    ? trans.__('No machine has been reported yet.')
    : trans.__('No worker is known.');
}

function HostRow({ sweep, host }: { sweep: SweepModel; host: Host }): ReactElement {
  const { trans } = usePanelContext();
  const { address, gpus, name, problem, runs, slots } = host;
  return (
    <tr className="jp-wm-Resources-host">
      <th scope="row" title={address}>
        {name}
        {slots !== null && (
          <span className="jp-wm-Muted"> {trans._n('%1 slot', '%1 slots', slots)}</span>
        )}
      </th>
      <td>
        {runs.length === 0 && problem === '' && (
          <span className="jp-wm-Muted">{trans.__('no run')}</span>
        )}
        {runs.slice(0, MAX_RUNS).map(run => (
          <RunOf key={run} sweep={sweep} run={run} />
        ))}
        {runs.length > MAX_RUNS && trans.__('and %1 more', runs.length - MAX_RUNS)}
      </td>
      <td>
        {gpus.length === 0 && problem === '' && (
          <span className="jp-wm-Muted">{trans.__('no GPU')}</span>
        )}
        {problem !== '' && (
          <span className="jp-wm-Resources-problem">{trans.__('gets no runs: %1', problem)}</span>
        )}
        <OutText until={host.out_until} />
      </td>
    </tr>
  );
}

function GpuRow({ sweep, gpu }: { sweep: SweepModel; gpu: Gpu }): ReactElement {
  const { trans } = usePanelContext();
  const { busy, id, memory, name, shares, used } = gpu;
  const title = gpuLabel(gpu, trans);
  return (
    <tr>
      <th scope="row" className="jp-wm-Resources-gpu" title={`${name}\n${id}`}>
        {title} <span className="jp-wm-Muted">{name}</span>
      </th>
      <td>
        {shares.length === 0 && <span className="jp-wm-Muted">{trans.__('free')}</span>}
        {shares.map((share, index) => (
          <ShareOf key={`${share.sweep} ${share.run} ${index}`} sweep={sweep} share={share} />
        ))}
      </td>
      <td>
        {busy !== null && <div>{trans.__('%1 % busy', Math.round(busy))}</div>}
        {used !== null && memory !== null && (
          <div>{trans.__('%1 of %2 used', formatSize(used), formatSize(memory))}</div>
        )}
        {used === null && memory !== null && (
          <div className="jp-wm-Muted">{formatSize(memory)}</div>
        )}
        <OutText until={gpu.out_until} />
      </td>
    </tr>
  );
}

/** Who has a share: a run of this sweep, or another sweep. */
function ShareOf({ sweep, share }: { sweep: SweepModel; share: GpuShare }): ReactElement {
  const { commands, model, trans } = usePanelContext();
  const leased = leasedText(share);
  let who: ReactElement | string = trans.__('another user’s sweep');
  if (share.sweep === sweep.id) {
    who = share.run ? <RunOf sweep={sweep} run={share.run} /> : trans.__('the next run');
  } else if (share.sweep !== '') {
    const other = model.summary(share.sweep);
    who =
      other === undefined ? (
        trans.__('sweep %1', share.sweep)
      ) : (
        <button
          type="button"
          className="jp-wm-Link"
          onClick={() => void commands.execute(Commands.openSweep, { sweep: other.id })}
        >
          {trans.__('sweep %1', other.name)}
        </button>
      );
  }
  return (
    <div>
      {who}
      {leased !== '' && <span className="jp-wm-Muted"> {leased}</span>}
    </div>
  );
}

function RunOf({ sweep, run }: { sweep: SweepModel; run: string }): ReactElement {
  const row = sweep.run(run);
  return row === undefined ? <span>{run} </span> : <RunLink sweep={sweep} row={row} />;
}

function OutText({ until }: { until: number | null }): ReactElement | null {
  const { trans } = usePanelContext();
  const now = useNow(until !== null);
  if (until === null) {
    return null;
  }
  const left = until - now;
  return (
    <div className="jp-wm-Resources-problem">
      {left > 0
        ? trans.__('taken out after errors; tried again in %1', formatDuration(Math.ceil(left)))
        : trans.__('taken out after errors; the next run tries it')}
    </div>
  );
}
