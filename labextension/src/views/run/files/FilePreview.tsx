/** Previews a file of a run: text and JSON as text, images as images; nothing is executed. */

import { closeIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { formatSize } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import { CopyButton } from '../../../components/CopyButton';
import { ErrorMessage, Skeleton } from '../../../components/Placeholders';
import { CodeBlock } from '../../../components/CodeBlock';
import type { RunModel } from '../../../models/runModel';
import type { File } from '../../../api/schemas';
import { useFileText } from '../useFileText';
import { MAX_PREVIEW_SIZE, baseName, prettyJson, previewType } from './folders';

export function FilePreview({
  run,
  file,
  onClose
}: {
  run: RunModel;
  file: File;
  onClose: () => void;
}): ReactElement {
  const { model, trans } = usePanelContext();
  const type = previewType(file);
  const url = model.api.fileUrl(run.sweep.id, run.id, file.path);
  return (
    <section className="jp-wm-FilePreview" aria-label={file.path}>
      <div className="jp-wm-Section-head">
        <h2 title={file.path}>{baseName(file.path)}</h2>
        <Button label={trans.__('Close')} icon={closeIcon} onClick={onClose} />
      </div>
      {type === 'image' ? (
        <img src={url} alt={file.path} />
      ) : type === 'none' ? (
        <p>
          {(file.size ?? 0) > MAX_PREVIEW_SIZE
            ? trans.__('Too large to preview (%1):', formatSize(file.size ?? 0))
            : trans.__('No preview for files of type %1:', file.type)}{' '}
          <a className="jp-wm-Link" href={url} download={baseName(file.path)}>
            {trans.__('download')}
          </a>
        </p>
      ) : (
        <TextPreview run={run} file={file} isJson={type === 'json'} />
      )}
    </section>
  );
}

function TextPreview({
  run,
  file,
  isJson
}: {
  run: RunModel;
  file: File;
  isJson: boolean;
}): ReactElement {
  const { trans } = usePanelContext();
  const text = useFileText(run, file.path);
  if (text === null) {
    return <Skeleton />;
  }
  if (text instanceof Error) {
    return <ErrorMessage message={text.message} />;
  }
  return (
    <div className="jp-wm-FilePreview-text">
      <CodeBlock text={isJson ? prettyJson(text) : text} />
      <CopyButton text={text} label={trans.__('Copy %1', baseName(file.path))} />
    </div>
  );
}
