/** One logged non-numeric value, in the form that suits its type. */

import { type ReactElement, useMemo } from 'react';

import { DataTable, type ITable } from '../../../charts/DataTable';
import { usePanelContext } from '../../../components/context';
import { ErrorMessage, Skeleton } from '../../../components/Placeholders';
import type { RunModel } from '../../../models/runModel';
import type { Chart, MediaItem } from '../../../api/schemas';
import { useFileText } from '../useFileText';
import { CustomChart } from './CustomChart';
import { parseWandbPlot, type ITableData } from './wandbPlot';
import { isPointCloud, type LayerColors, parseMedia, parseTable } from './media';
import { ImageView } from './ImageView';
import { PlotlyFigure } from './PlotlyFigure';
import { PointCloudView } from './PointCloudView';

const NO_COLORS: LayerColors = new Map();

export function MediaView({
  run,
  name,
  item,
  colors = NO_COLORS,
  chart = null
}: {
  run: RunModel;
  name: string;
  item: MediaItem;
  /** The colors of all layers that images of this key have. */
  colors?: LayerColors;
  /** How to draw the value, if it is a table. */
  chart?: Chart | null;
}): ReactElement {
  const { model, trans } = usePanelContext();
  const content = parseMedia(item.value);
  const url = (path: string) => model.api.fileUrl(run.sweep.id, run.id, path);
  switch (content.kind) {
    case 'images':
      return (
        <div className="jp-wm-Media-images">
          {content.pictures.map(picture => (
            <ImageView
              key={picture.path}
              run={run}
              picture={picture}
              name={name}
              colors={colors}
            />
          ))}
        </div>
      );
    case 'table':
      return <TableFile run={run} name={name} path={content.path} chart={chart} />;
    case 'html':
      // Without an origin, the file's content cannot reach this page; the server enforces this as
      // well.
      return (
        <iframe
          className="jp-wm-Media-html"
          title={name}
          sandbox="allow-scripts"
          src={url(content.path)}
        />
      );
    case 'audio':
      return (
        <>
          {content.files.map(({ path, caption }) => (
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
          {content.files.map(({ path, caption }) => (
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
    case 'plotly':
      return (
        <>
          {content.paths.map(path => (
            <PlotlyFigure key={path} run={run} path={path} name={name} />
          ))}
        </>
      );
    case 'objects':
      return (
        <>
          {content.paths.map(path =>
            isPointCloud(path) ? (
              <PointCloudView key={path} run={run} path={path} name={name} />
            ) : (
              <p key={path}>
                {trans.__('Meshes are not drawn here:')} <FileLink url={url(path)} path={path} />
              </p>
            )
          )}
        </>
      );
    case 'text':
      return <p className="jp-wm-Media-text">{content.text}</p>;
    case 'file':
      return (
        <p>
          {content.type}: <FileLink url={url(content.path)} path={content.path} />
        </p>
      );
    case 'histogram':
    case 'other':
      return (
        <pre className="jp-wm-Media-text">
          {content.kind === 'other' ? content.text : JSON.stringify(item.value)}
        </pre>
      );
  }
}

function FileLink({ url, path }: { url: string; path: string }): ReactElement {
  const { trans } = usePanelContext();
  return (
    <a href={url} target="_blank" rel="noreferrer" download>
      {trans.__('download %1', path.split('/').slice(-1)[0])}
    </a>
  );
}

/** A table is stored as a file of the run. */
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
  const { trans } = usePanelContext();
  const text = useFileText(run, path);
  const data = useMemo(() => (typeof text === 'string' ? parseTable(text) : null), [text]);
  const plot = useMemo(
    () => (chart === null || data === null ? null : parseWandbPlot(chart, data)),
    [chart, data]
  );
  if (text === null) {
    return <Skeleton lines={4} />;
  }
  if (text instanceof Error || data === null) {
    return (
      <ErrorMessage
        message={text instanceof Error ? text.message : trans.__('%1 is not a W&B table.', path)}
      />
    );
  }
  const table = toTable(data);
  return chart !== null && plot !== null ? (
    <CustomChart chart={chart} drawing={plot} table={table} />
  ) : (
    <DataTable title={name} table={table} />
  );
}

/** Values that are not numbers or text become text. */
function toTable({ columns, rows }: ITableData): ITable {
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
