/** The files of one folder, collapsible. */

import { downloadIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { formatSize } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { Button } from '../../../components/Button';
import type { RunModel } from '../../../models/runModel';
import type { File } from '../../../api/schemas';
import { type IFolder, baseName } from './folders';

/** The number of files that are rendered at once. */
const PAGE_SIZE = 200;

interface IFileRowProps {
  run: RunModel;
  /** The path of the previewed file. */
  opened: string | null;
  onOpen: (path: string) => void;
}

export function FileFolder({
  folder,
  first,
  ...shared
}: IFileRowProps & { folder: IFolder; first: boolean }): ReactElement {
  const { trans } = usePanelContext();
  const [isOpen, setOpen] = useState(first);
  const [visibleCount, setShown] = useState(PAGE_SIZE);
  const { name, files } = folder;
  const table = (
    <table className="jp-wm-FileTable">
      <tbody>
        {files.slice(0, visibleCount).map(file => (
          <FileRow key={file.path} file={file} {...shared} />
        ))}
      </tbody>
    </table>
  );
  const showMore = files.length > visibleCount && (
    <Button
      label={trans.__('Show %1 more', Math.min(PAGE_SIZE, files.length - visibleCount))}
      onClick={() => setShown(visibleCount + PAGE_SIZE)}
    />
  );
  if (name === '') {
    return (
      <>
        {table}
        {showMore}
      </>
    );
  }
  return (
    <details open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {name} <span className="jp-wm-Muted">{files.length}</span>
      </summary>
      {isOpen && (
        <>
          {table}
          {showMore}
        </>
      )}
    </details>
  );
}

function FileRow({ file, run, opened, onOpen }: IFileRowProps & { file: File }): ReactElement {
  const { model, trans } = usePanelContext();
  const { path, size } = file;
  const name = baseName(path);
  return (
    <tr aria-current={path === opened || undefined}>
      <th scope="row">
        <button
          type="button"
          className="jp-wm-Link"
          title={path}
          disabled={size === null}
          onClick={() => onOpen(path)}
        >
          {name}
        </button>
      </th>
      <td className="jp-wm-mod-number">
        {size === null ? (
          <span
            title={trans.__(
              'The file was deleted, or is a link to a file outside the run’s folder.'
            )}
          >
            {trans.__('missing')}
          </span>
        ) : (
          formatSize(size)
        )}
      </td>
      <td>
        {size !== null && (
          <a
            className="jp-wm-Button jp-wm-mod-icon"
            href={model.api.fileUrl(run.sweep.id, run.id, path)}
            download={name}
            title={trans.__('Download %1', name)}
            aria-label={trans.__('Download %1', name)}
          >
            <downloadIcon.react tag="span" className="jp-wm-Button-icon" aria-hidden="true" />
          </a>
        )}
      </td>
    </tr>
  );
}
