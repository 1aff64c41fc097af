/** The artifacts that a run logged or used. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import type { Artifact } from '../../../api/schemas';
import { toNodes } from '../config/jsonNodes';
import { JsonTree } from '../config/JsonTree';

export function ArtifactList({ artifacts }: { artifacts: readonly Artifact[] }): ReactElement {
  const { trans } = usePanelContext();
  return (
    <section className="jp-wm-Section" aria-label={trans.__('Artifacts')}>
      <h2>{trans.__('Artifacts')}</h2>
      <ul className="jp-wm-ArtifactList">
        {artifacts.map(({ name, type, used, aliases, metadata }) => (
          <li key={`${name} ${used}`}>
            <div className="jp-wm-ArtifactList-head">
              <b>{name}</b>
              <span className="jp-wm-Muted">
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
            {Object.keys(metadata).length > 0 && (
              <JsonTree nodes={toNodes(metadata)} open={false} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
