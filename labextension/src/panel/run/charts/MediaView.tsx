/** One logged value that is no number, as what it is. */

import { type ReactElement, useMemo } from 'react';

import { DataTable, type ITable } from '../../../charts/DataTable';
import { useLab } from '../../../lab';
import { Problem, Skeleton } from '../../../parts/Notices';
import type { RunModel } from '../../../run';
import type { Chart, MediaItem } from '../../../wire';
import { useFileText } from '../useFileText';
import { CustomChart } from './CustomChart';
import { drawingOf, type IData } from './drawing';
import { shownOf, tableOf } from './media';
import { Picture } from './Picture';

export function MediaView({
  run,
  name,
  item,
  chart = null
}: {
  run: RunModel;
  name: string;
  item: MediaItem;
  /** How the value is drawn, if it is a table. */
  chart?: Chart | null;
}): ReactElement {
  const { model, trans } = useLab();
  const shown = shownOf(item.value);
  const url = (path: string) => model.api.fileUrl(run.sweep.id, run.id, path);
  switch (shown.kind) {
    case 'images':
      return (
        <div className="jp-wm-Media-images">
          {shown.pictures.map(picture => (
            <Picture key={picture.path} run={run} picture={picture} name={name} />
          ))}
        </div>
      );
    case 'table':
      return <TableFile run={run} name={name} path={shown.path} chart={chart} />;
    case 'html':
      // Without its origin, what is in the file cannot reach this page; the server says so, too.
      return (
        <iframe
          className="jp-wm-Media-html"
          title={name}
          sandbox="allow-scripts"
          src={url(shown.path)}
        />
      );
    case 'audio':
      return (
        <>
          {shown.files.map(({ path, caption }) => (
            <figure key={path}>
              {/* eslint-disable-next-line jsx-a11y/media-has-caption -- the caption is below */}
              <audio controls src={url(path)} aria-label={caption || name} />
              <figcaption>{caption}</figcaption>
            </figure>
          ))}
        </>
      );
    case 'video':
      return (
        <>
          {shown.files.map(({ path, caption }) => (
            <figure key={path}>
              {path.endsWith('.gif') ? (
                <img src={url(path)} alt={caption || name} />
              ) : (
                // eslint-disable-next-line jsx-a11y/media-has-caption -- the caption is below
                <video controls src={url(path)} aria-label={caption || name} />
              )}
              <figcaption>{caption}</figcaption>
            </figure>
          ))}
        </>
      );
    case 'text':
      return <p className="jp-wm-Media-text">{shown.text}</p>;
    case 'file':
      return (
        <p>
          {shown.type}:{' '}
          <a href={url(shown.path)} target="_blank" rel="noreferrer" download>
            {trans.__('download %1', shown.path.split('/').slice(-1)[0])}
          </a>
        </p>
      );
    case 'histogram':
    case 'other':
      return (
        <pre className="jp-wm-Media-text">
          {shown.kind === 'other' ? shown.text : JSON.stringify(item.value)}
        </pre>
      );
  }
}

/** A table is a file of the run. */
function TableFile({
  run,
  name,
  path,
  chart
}: {
  run: RunModel;
  name: string;
  path: string;
  chart: Chart | null;
}): ReactElement {
  const { trans } = useLab();
  const text = useFileText(run, path);
  const data = useMemo(() => (typeof text === 'string' ? tableOf(text) : null), [text]);
  const drawing = useMemo(
    () => (chart === null || data === null ? null : drawingOf(chart, data)),
    [chart, data]
  );
  if (text === null) {
    return <Skeleton lines={4} />;
  }
  if (text instanceof Error || data === null) {
    return (
      <Problem
        message={text instanceof Error ? text.message : trans.__('%1 is no table of W&B.', path)}
      />
    );
  }
  const table = cellsOf(data);
  return chart !== null && drawing !== null ? (
    <CustomChart chart={chart} drawing={drawing} table={table} />
  ) : (
    <DataTable title={name} table={table} />
  );
}

/** What is no number or text, in words. */
function cellsOf({ columns, rows }: IData): ITable {
  return {
    columns,
    length: rows.length,
    row: index =>
      rows[index].map(value =>
        value === null || ['number', 'string', 'boolean'].includes(typeof value)
          ? (value as number | string | boolean | null)
          : JSON.stringify(value)
      )
  };
}
