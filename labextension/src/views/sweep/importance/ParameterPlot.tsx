/** The plot of two columns, with the active runs in color and all others faint. */

import { type ReactElement, useMemo } from 'react';

import { ColorBar } from '../../../charts/ColorBar';
import { bandwidthFor } from '../../../charts/interpolation';
import type { ITable } from '../../../charts/DataTable';
import { Figure } from '../../../charts/Figure';
import { objectiveScale } from '../../../charts/objectiveScale';
import { LEVELS } from '../../../charts/drawSurface';
import { toCss, objectiveColor } from '../../../charts/palette';
import { jitterWidth, normalize, makeScale } from '../../../charts/scale';
import { type IScatterAxis, ScatterChart } from '../../../charts/ScatterChart';
import { useThemeColors } from '../../../charts/theme';
import { useThrottledValue } from '../../../charts/useThrottledValue';
import { cellReader } from '../../../models/columns';
import { usePanelContext } from '../../../components/context';
import { StateLabel } from '../../../components/StateLabel';
import { stateColor, stateLabel } from '../../../states';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import type { RunRow, RunState } from '../../../api/schemas';
import type { MarkerShape } from '../../../charts/drawPoints';
import type { IDatum } from '../../../charts/points';
import { axisOptionsFor, type IAxisOptions } from '../axisOptions';
import { selectRun, undoClick } from '../selectRun';
import { jitterNote } from '../jitterNote';
import { columnLabel } from '../columnLabels';
import type { PlotView } from './importanceSettings';

/** States differ in shape as well as in color. */
const STATE_SHAPES: Readonly<Record<RunState, MarkerShape>> = {
  pending: 'ring',
  running: 'ring',
  finished: 'dot',
  failed: 'cross',
  killed: 'cross',
  lost: 'cross',
  stopped: 'square',
  pruned: 'triangle'
};

const PADDING = 0.04;
const MANY_RUNS = 1000;
const PAUSE_MS = 250;
const LONG_PAUSE_MS = 2000;

export function ParameterPlot({
  sweep,
  view,
  x: xColumn,
  y: yColumn,
  byState,
  log
}: {
  sweep: SweepModel;
  view: PlotView;
  x: string;
  y: string;
  /** Whether points are colored by state; otherwise by the objective. */
  byState: boolean;
  /** Whether the objective is logarithmic. */
  log: boolean;
}): ReactElement {
  const { commands, trans } = usePanelContext();
  const theme = useThemeColors();
  const { summary, detail, activeRuns } = sweep;
  const objective = summary;
  const maximize = summary?.goal === 'maximize';
  const allRows = sweep.rows;
  const rows = useThrottledValue(allRows, allRows.length > MANY_RUNS ? LONG_PAUSE_MS : PAUSE_MS);
  const spec = detail?.spec;
  const title = (column: string) => columnLabel(column, objective, trans);
  const [xTitle, yTitle] = [title(xColumn), title(yColumn)];
  const x = useMemo(
    () => toAxis(rows, xColumn, xTitle, axisOptionsFor(spec, xColumn, log)),
    [rows, xColumn, xTitle, spec, log]
  );
  const y = useMemo(
    () => toAxis(rows, yColumn, yTitle, axisOptionsFor(spec, yColumn, log)),
    [rows, yColumn, yTitle, spec, log]
  );
  const scale = useMemo(
    () =>
      objectiveScale(
        rows.map(row => row.value),
        maximize,
        log
      ),
    [rows, maximize, log]
  );
  const colorOf = useMemo(
    () => (row: RunRow) =>
      byState
        ? theme.read(stateColor(row.state))
        : row.value === null || scale === null
          ? theme.muted
          : toCss(objectiveColor(scale.normalize(row.value), theme.isDark)),
    [byState, scale, theme]
  );
  const data = useMemo(() => {
    const [readX, readY] = [cellReader(xColumn), cellReader(yColumn)];
    return rows.map((row): IDatum => ({
      id: row.id,
      number: row.number,
      x: readX(row),
      y: readY(row),
      value: row.value,
      color: colorOf(row),
      shape: byState ? STATE_SHAPES[row.state] : 'dot'
    }));
  }, [rows, xColumn, yColumn, colorOf, byState]);
  const included = useMemo(
    () => (activeRuns.length === allRows.length ? null : new Set(activeRuns.map(row => row.id))),
    [activeRuns, allRows]
  );
  const withValues = useMemo(
    () => countWithValues(activeRuns, xColumn, x, yColumn, y),
    [activeRuns, xColumn, x, yColumn, y]
  );
  if (x === null || y === null) {
    return (
      <p className="jp-wm-Figure-empty">{trans.__('No runs have values for both axes yet.')}</p>
    );
  }
  const isContour = view === 'contour';
  const missingCount = activeRuns.length - withValues;
  const notes = [
    isContour
      ? trans.__(
          'Between runs: the Gaussian-weighted mean of nearby runs (bandwidth %1 % of an axis), in %2 steps; paler where there are few runs.',
          Math.round(100 * bandwidthFor(withValues)),
          LEVELS
        )
      : '',
    missingCount > 0
      ? trans._n(
          '%1 run has no value for one of the axes and is omitted.',
          '%1 runs have no value for one of the axes and are omitted.',
          missingCount
        )
      : '',
    Math.max(jitterWidth(x.scale, rows.length), jitterWidth(y.scale, rows.length)) > 0
      ? jitterNote(trans)
      : ''
  ].filter(Boolean);
  return (
    <>
      <div className="jp-wm-ParameterPanel-legend">
        {byState
          ? [...new Set(activeRuns.map(row => row.state))].map(state => (
              <StateLabel key={state} state={state} />
            ))
          : scale !== null && <ColorBar title={title('value')} scale={scale} />}
      </div>
      <Figure
        title={
          isContour
            ? trans.__('%1 over %2 and %3', title('value'), x.title, y.title)
            : trans.__('%1 over %2', y.title, x.title)
        }
        note={notes.length > 0 ? notes.join(' ') : undefined}
        table={() => runsTable(activeRuns, [xColumn, yColumn], title)}
      >
        <ScatterChart
          key={`${xColumn} ${yColumn}`}
          data={data}
          included={included}
          x={x}
          y={y}
          surfaceValue={isContour ? (scale?.normalize ?? null) : null}
          focus={sweep.focus}
          onFocus={run => sweep.setFocus(run)}
          onSelect={(run, isAdditive) => selectRun(sweep, run, isAdditive)}
          onOpen={run => {
            undoClick(sweep);
            void commands.execute(Commands.openRun, { sweep: sweep.id, run });
          }}
          details={({ id, value }) => {
            const state = sweep.run(id)?.state;
            return [
              [title('value'), value],
              [title('state'), state === undefined ? null : stateLabel(state, trans)]
            ];
          }}
        />
      </Figure>
    </>
  );
}

function toAxis(
  rows: readonly RunRow[],
  column: string,
  title: string,
  { isLog, choices }: IAxisOptions
): IScatterAxis | null {
  const scale = makeScale(rows.map(cellReader(column)), isLog, PADDING, choices);
  return scale && { title, scale, isTime: column === 'duration' };
}

/** The number of runs that have a position on both axes. */
function countWithValues(
  rows: readonly RunRow[],
  xColumn: string,
  x: IScatterAxis | null,
  yColumn: string,
  y: IScatterAxis | null
): number {
  if (x === null || y === null) {
    return 0;
  }
  const [readX, readY] = [cellReader(xColumn), cellReader(yColumn)];
  return rows.filter(
    row => normalize(x.scale, readX(row)) !== null && normalize(y.scale, readY(row)) !== null
  ).length;
}

function runsTable(
  rows: readonly RunRow[],
  axes: readonly string[],
  title: (column: string) => string
): ITable {
  const ids = [...new Set(['number', ...axes, 'value', 'state'])];
  const readers = ids.map(cellReader);
  return {
    columns: ids.map(title),
    length: rows.length,
    row: index => readers.map(read => read(rows[index]))
  };
}
