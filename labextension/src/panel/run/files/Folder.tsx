/** The files of one folder, to be opened and closed. */

import { downloadIcon } from '@jupyterlab/ui-components';
import { type ReactElement, useState } from 'react';

import { formatSize } from '../../../format';
import { useLab } from '../../../lab';
import { Button } from '../../../parts/Button';
import type { RunModel } from '../../../run';
import type { File } from '../../../wire';
import { type IFolder, nameOf } from './folders';

/** Files that are rendered at once. */
const MOST = 200;

interface IShared {
  run: RunModel;
  /** The path of the file that is shown. */
  opened: string | null;
  onOpen: (path: string) => void;
}

export function Folder({
  folder,
  first,
  ...shared
}: IShared & { folder: IFolder; first: boolean }): ReactElement {
  const { trans } = useLab();
  const [isOpen, setOpen] = useState(first);
  const [shown, setShown] = useState(MOST);
  const { name, files } = folder;
  const table = (
    <table className="jp-wm-FileTable">
      <tbody>
        {files.slice(0, shown).map(file => (
          <Row key={file.path} file={file} {...shared} />
        ))}
      </tbody>
    </table>
  );
  const more = files.length > shown && (
    <Button
      label={trans.__('Show %1 more', Math.min(MOST, files.length - shown))}
      onClick={() => setShown(shown + MOST)}
    />
  );
  if (name === '') {
    return (
      <>
        {table}
        {more}
      </>
    );
  }
  return (
    <details open={isOpen} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>
        {name} <span className="jp-wm-Quiet">{files.length}</span>
      </summary>
      {isOpen && (
        <>
          {table}
          {more}
        </>
      )}
    </details>
  );
}

function Row({ file, run, opened, onOpen }: IShared & { file: File }): ReactElement {
  const { model, trans } = useLab();
  const { path, size } = file;
  const name = nameOf(path);
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
              'It has been deleted, or is a link to a file outside of the run’s folder.'
            )}
          >
            {trans.__('not there')}
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
