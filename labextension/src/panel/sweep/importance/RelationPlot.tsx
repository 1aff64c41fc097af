/** The plot of two columns, with the runs in question in their colours and all others faint. */

import { type ReactElement, useMemo } from 'react';

import { ColourBar } from '../../../charts/ColourBar';
import { widthFor } from '../../../charts/contour';
import type { ITable } from '../../../charts/DataTable';
import { Figure } from '../../../charts/Figure';
import { goodnessOf } from '../../../charts/goodness';
import { LEVELS } from '../../../charts/paintSurface';
import { css, goodness } from '../../../charts/palette';
import { placeOf, scaleFor } from '../../../charts/scale';
import { type IScatterAxis, ScatterChart } from '../../../charts/ScatterChart';
import { useColours } from '../../../charts/theme';
import { useCalm } from '../../../charts/useCalm';
import { reader } from '../../../columns';
import { useLab } from '../../../lab';
import { State } from '../../../parts/State';
import { STATE_COLOURS, stateWord } from '../../../states';
import type { SweepModel } from '../../../sweep';
import { Commands } from '../../../tokens';
import type { RunRow } from '../../../wire';
import { askedOf, type IAsked } from '../asked';
import { pick } from '../pick';
import { titleOf } from '../titles';
import type { View } from './settings';

const ROOM = 0.04;
const MANY = 1000;
const PAUSE_MS = 250;
const LONG_PAUSE_MS = 2000;

export function RelationPlot({
  sweep,
  view,
  x: xColumn,
  y: yColumn,
  byState,
  log
}: {
  sweep: SweepModel;
  view: View;
  x: string;
  y: string;
  /** Whether points are coloured by state; else by the objective. */
  byState: boolean;
  /** Whether the objective is logarithmic. */
  log: boolean;
}): ReactElement {
  const { commands, trans } = useLab();
  const theme = useColours();
  const { summary, detail, considered } = sweep;
  const metric = summary?.metric ?? null;
  const maximize = summary?.goal === 'maximize';
  const all = sweep.rows;
  const rows = useCalm(all, all.length > MANY ? LONG_PAUSE_MS : PAUSE_MS);
  const spec = detail?.spec;
  const title = (column: string) => titleOf(column, metric, trans);
  const [xTitle, yTitle] = [title(xColumn), title(yColumn)];
  const x = useMemo(
    () => axisOf(rows, xColumn, xTitle, askedOf(spec, xColumn, log)),
    [rows, xColumn, xTitle, spec, log]
  );
  const y = useMemo(
    () => axisOf(rows, yColumn, yTitle, askedOf(spec, yColumn, log)),
    [rows, yColumn, yTitle, spec, log]
  );
  const scale = useMemo(
    () =>
      goodnessOf(
        rows.map(row => row.value),
        maximize,
        log
      ),
    [rows, maximize, log]
  );
  const colourOf = useMemo(
    () => (row: RunRow) =>
      byState
        ? theme.read(STATE_COLOURS[row.state])
        : row.value === null || scale === null
          ? theme.quiet
          : css(goodness(scale.of(row.value), theme.dark)),
    [byState, scale, theme]
  );
  const among = useMemo(
    () => (considered.length === all.length ? null : new Set(considered.map(row => row.id))),
    [considered, all]
  );
  const placed = useMemo(() => countOf(considered, x, y), [considered, x, y]);
  if (x === null || y === null) {
    return <p className="jp-wm-Figure-none">{trans.__('No run has values for both axes yet.')}</p>;
  }
  const isContour = view === 'contour';
  const missing = considered.length - placed;
  const notes = [
    isContour
      ? trans.__(
          'Between runs: the mean of those near by, weighted by a Gaussian as wide as %1 % of an axis, in %2 steps; paler where runs are few.',
          Math.round(100 * widthFor(placed)),
          LEVELS
        )
      : '',
    missing > 0
      ? trans._n(
          '%1 run has no value for one of the axes, and is left out.',
          '%1 runs have no value for one of the axes, and are left out.',
          missing
        )
      : ''
  ].filter(Boolean);
  return (
    <>
      <div className="jp-wm-Relation-legend">
        {byState
          ? [...new Set(considered.map(row => row.state))].map(state => (
              <State key={state} state={state} />
            ))
          : scale !== null && <ColourBar title={title('value')} scale={scale} />}
      </div>
      <Figure
        title={
          isContour
            ? trans.__('%1 over %2 and %3', title('value'), x.title, y.title)
            : trans.__('%1 over %2', y.title, x.title)
        }
        note={notes.length > 0 ? notes.join(' ') : undefined}
        table={() => tableOf(considered, [xColumn, yColumn], title)}
      >
        <ScatterChart
          key={`${xColumn} ${yColumn}`}
          rows={rows}
          among={among}
          x={x}
          y={y}
          colourOf={colourOf}
          shapes={byState}
          surface={isContour ? (scale?.of ?? null) : null}
          focus={sweep.focus}
          onFocus={run => sweep.setFocus(run)}
          onSelect={(run, more) => pick(sweep, run, more)}
          onOpen={run => void commands.execute(Commands.openRun, { sweep: sweep.id, run })}
          told={row => [
            [title('value'), row.value],
            [title('state'), stateWord(row.state, trans)]
          ]}
        />
      </Figure>
    </>
  );
}

function axisOf(
  rows: readonly RunRow[],
  column: string,
  title: string,
  { log, listed }: IAsked
): IScatterAxis | null {
  const scale = scaleFor(rows.map(reader(column)), log, ROOM, listed);
  return scale && { column, title, scale, seconds: column === 'duration' };
}

/** How many runs have a place on both axes. */
function countOf(rows: readonly RunRow[], x: IScatterAxis | null, y: IScatterAxis | null): number {
  if (x === null || y === null) {
    return 0;
  }
  const [across, up] = [reader(x.column), reader(y.column)];
  return rows.filter(
    row => placeOf(x.scale, across(row)) !== null && placeOf(y.scale, up(row)) !== null
  ).length;
}

function tableOf(
  rows: readonly RunRow[],
  axes: readonly string[],
  title: (column: string) => string
): ITable {
  const ids = [...new Set(['number', ...axes, 'value', 'state'])];
  const readers = ids.map(reader);
  return {
    columns: ids.map(title),
    length: rows.length,
    row: index => readers.map(read => read(rows[index]))
  };
}
