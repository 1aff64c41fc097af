/** What a run saved: its files, readable in place, and its artifacts. */

import { type ReactElement, useEffect, useMemo, useState } from 'react';

import { formatSize } from '../../../format';
import { useLab, useSignal } from '../../../lab';
import { Empty, Problem, Skeleton } from '../../../parts/Notices';
import { useVisible } from '../../widget';
import type { IRunTabProps } from '../RunView';
import { Artifacts } from './Artifacts';
import { Folder } from './Folder';
import { foldersOf } from './folders';
import { Preview } from './Preview';

const EXAMPLE = `run.save("notes.md")

artifact = wandb.Artifact("weights", type="model")
artifact.add_file("weights.pt")
run.log_artifact(artifact)`;

/** A folder with more files than this is closed at first. */
const MANY = 20;

export function Files({ run }: IRunTabProps): ReactElement | null {
  const { trans } = useLab();
  const { files: fetched, detail } = run;
  useSignal(fetched.changed, run.changed);
  const visible = useVisible();
  useEffect(() => {
    if (visible) {
      fetched.keep(detail);
    }
    return () => fetched.pause();
  }, [fetched, visible, detail]);
  const [text, setText] = useState('');
  const [opened, setOpened] = useState<string | null>(null);
  const { value, problem } = fetched;
  const folders = useMemo(() => foldersOf(value?.files ?? [], text), [value, text]);
  if (value === null) {
    return problem === '' ? (
      <Skeleton />
    ) : (
      <Problem message={problem} onRetry={() => fetched.refresh()} />
    );
  }
  const { files, artifacts } = value;
  if (files.length === 0 && artifacts.length === 0) {
    return (
      <Empty code={EXAMPLE}>
        {trans.__('The run has saved no file and no artifact yet. In the cell:')}
      </Empty>
    );
  }
  const file = files.find(each => each.path === opened);
  const total = files.reduce((sum, { size }) => sum + (size ?? 0), 0);
  return (
    <div className="jp-wm-Files">
      {problem !== '' && <Problem message={problem} onRetry={() => fetched.refresh()} />}
      <div className="jp-wm-Files-body">
        <div className="jp-wm-Files-list">
          <div className="jp-wm-Files-bar">
            <input
              type="search"
              className="jp-wm-Input"
              placeholder={trans.__('Filter files…')}
              aria-label={trans.__('Filter files')}
              value={text}
              onChange={event => setText(event.target.value)}
            />
            <span className="jp-wm-Quiet">
              {trans._n('%1 file', '%1 files', files.length)} · {formatSize(total)}
            </span>
          </div>
          {folders.length === 0 && (
            <p className="jp-wm-Quiet">
              {files.length === 0 ? trans.__('No file.') : trans.__('No file matches.')}
            </p>
          )}
          {folders.map(folder => (
            <Folder
              key={`${folder.name} ${text === ''}`}
              run={run}
              folder={folder}
              first={folder.files.length <= MANY || text !== ''}
              opened={opened}
              onOpen={setOpened}
            />
          ))}
          {artifacts.length > 0 && <Artifacts artifacts={artifacts} />}
        </div>
        {file !== undefined && (
          <Preview key={file.path} run={run} file={file} onClose={() => setOpened(null)} />
        )}
      </div>
    </div>
  );
}
