/** What a run saved: its files, with previews, and its artifacts. */

import { type ReactElement, useEffect, useMemo, useState } from 'react';

import { formatSize } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import { EmptyState, ErrorMessage, Skeleton } from '../../../components/Placeholders';
import { SearchBox } from '../../../components/SearchBox';
import { useVisible } from '../../../components/viewContext';
import type { IRunTabProps } from '../tabProps';
import { ArtifactList } from './ArtifactList';
import { FileFolder } from './FileFolder';
import { groupByFolder } from './folders';
import { FilePreview } from './FilePreview';

const EXAMPLE = `run.save("notes.md")

artifact = wandb.Artifact("weights", type="model")
artifact.add_file("weights.pt")
run.log_artifact(artifact)`;

/** A folder with more files than this is collapsed at first. */
const COLLAPSE_FROM = 20;

export function FilesTab({ run }: IRunTabProps): ReactElement | null {
  const { trans } = usePanelContext();
  const { files: fetched, detail } = run;
  useSignal(fetched.changed, run.changed);
  const visible = useVisible();
  useEffect(() => {
    if (visible) {
      fetched.ensureFresh(detail);
    }
    return () => fetched.pause();
  }, [fetched, visible, detail]);
  const [text, setText] = useState('');
  const [opened, setOpened] = useState<string | null>(null);
  const { value, problem } = fetched;
  const folders = useMemo(() => groupByFolder(value?.files ?? [], text), [value, text]);
  if (value === null) {
    return problem === '' ? (
      <Skeleton />
    ) : (
      <ErrorMessage message={problem} onRetry={() => fetched.refresh()} />
    );
  }
  const { files, artifacts } = value;
  if (files.length === 0 && artifacts.length === 0) {
    return (
      <EmptyState code={EXAMPLE}>
        {trans.__('No files or artifacts saved yet. In the cell:')}
      </EmptyState>
    );
  }
  const file = files.find(file => file.path === opened);
  const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return (
    <div className="jp-wm-Files">
      {problem !== '' && <ErrorMessage message={problem} onRetry={() => fetched.refresh()} />}
      <div className="jp-wm-Files-body">
        <div className="jp-wm-Files-list">
          <div className="jp-wm-Files-bar">
            <SearchBox
              label={trans.__('Filter files')}
              placeholder={trans.__('Filter files…')}
              value={text}
              onChange={setText}
            />
            <span className="jp-wm-Muted">
              {trans._n('%1 file', '%1 files', files.length)} · {formatSize(total)}
            </span>
          </div>
          {folders.length === 0 && (
            <p className="jp-wm-Muted">
              {files.length === 0 ? trans.__('No files.') : trans.__('No matching files.')}
            </p>
          )}
          {folders.map(folder => (
            <FileFolder
              key={`${folder.name} ${text === ''}`}
              run={run}
              folder={folder}
              first={folder.files.length <= COLLAPSE_FROM || text !== ''}
              opened={opened}
              onOpen={setOpened}
            />
          ))}
          {artifacts.length > 0 && <ArtifactList artifacts={artifacts} />}
        </div>
        {file !== undefined && (
          <FilePreview key={file.path} run={run} file={file} onClose={() => setOpened(null)} />
        )}
      </div>
    </div>
  );
}
