/** A file of a run, read in place: text and JSON as text, images as images, nothing executed. */

import { closeIcon } from '@jupyterlab/ui-components';
import type { ReactElement } from 'react';

import { formatSize } from '../../../format';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import { Copy } from '../../../parts/Copy';
import { Problem, Skeleton } from '../../../parts/Notices';
import { Source } from '../../../parts/Source';
import type { RunModel } from '../../../run';
import type { File } from '../../../wire';
import { useFileText } from '../useFileText';
import { LONGEST, nameOf, prettyJson, shownAs } from './folders';

export function Preview({
  run,
  file,
  onClose
}: {
  run: RunModel;
  file: File;
  onClose: () => void;
}): ReactElement {
  const { model, trans } = useLab();
  const shown = shownAs(file);
  const url = model.api.fileUrl(run.sweep.id, run.id, file.path);
  return (
    <section className="jp-wm-Preview" aria-label={file.path}>
      <div className="jp-wm-Part-head">
        <h2 title={file.path}>{nameOf(file.path)}</h2>
        <Button label={trans.__('Close')} icon={closeIcon} onClick={onClose} />
      </div>
      {shown === 'image' ? (
        <img src={url} alt={file.path} />
      ) : shown === 'none' ? (
        <p>
          {(file.size ?? 0) > LONGEST
            ? trans.__('At %1 it is too large to be shown here:', formatSize(file.size ?? 0))
            : trans.__('Files of the type %1 are not shown here:', file.type)}{' '}
          <a className="jp-wm-Link" href={url} download={nameOf(file.path)}>
            {trans.__('download')}
          </a>
        </p>
      ) : (
        <Text run={run} file={file} isJson={shown === 'json'} />
      )}
    </section>
  );
}

function Text({
  run,
  file,
  isJson
}: {
  run: RunModel;
  file: File;
  isJson: boolean;
}): ReactElement {
  const { trans } = useLab();
  const text = useFileText(run, file.path);
  if (text === null) {
    return <Skeleton />;
  }
  if (text instanceof Error) {
    return <Problem message={text.message} />;
  }
  return (
    <div className="jp-wm-Preview-text">
      <Source text={isJson ? prettyJson(text) : text} />
      <Copy text={text} label={trans.__('Copy %1', nameOf(file.path))} />
    </div>
  );
}
