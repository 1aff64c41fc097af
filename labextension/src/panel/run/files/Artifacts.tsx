/** The artifacts that a run logged or used. */

import type { ReactElement } from 'react';

import { useLab } from '../../../lab';
import type { Artifact } from '../../../wire';
import { nodesOf } from '../config/nodes';
import { Tree } from '../config/Tree';

export function Artifacts({ artifacts }: { artifacts: readonly Artifact[] }): ReactElement {
  const { trans } = useLab();
  return (
    <section className="jp-wm-Part" aria-label={trans.__('Artifacts')}>
      <h2>{trans.__('Artifacts')}</h2>
      <ul className="jp-wm-Artifacts">
        {artifacts.map(({ name, type, used, aliases, metadata }) => (
          <li key={`${name} ${used}`}>
            <div className="jp-wm-Artifacts-head">
              <b>{name}</b>
              <span className="jp-wm-Quiet">
                {type} · {used ? trans.__('used by the run') : trans.__('logged by the run')}
              </span>
              <span>
                {aliases.map(alias => (
                  <span key={alias} className="jp-wm-Tag">
                    {alias}
                  </span>
                ))}
              </span>
            </div>
            {Object.keys(metadata).length > 0 && <Tree nodes={nodesOf(metadata)} open={false} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
