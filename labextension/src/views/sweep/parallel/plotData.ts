/** The data from which the parallel coordinates are drawn, recomputed only as often as needed. */

import { useMemo, useState } from 'react';

import { objectiveScale, type IObjectiveScale } from '../../../charts/objectiveScale';
import { toCss, objectiveColor } from '../../../charts/palette';
import { useThemeColors } from '../../../charts/theme';
import { useThrottledValue } from '../../../charts/useThrottledValue';
import { usePanelContext } from '../../../components/context';
import type { SweepModel } from '../../../models/sweepModel';
import type { RunRow } from '../../../api/schemas';
import { axisOptionsFor } from '../axisOptions';
import { useImportance } from '../importance/useImportance';
import { columnLabel } from '../columnLabels';
import { makeDimensions, defaultAxes, type IDimension, positionsOf } from './dimensions';
import type { IParallelLines } from './CanvasLayers';
import { scatterOrder } from './lineRenderer';

export interface IParallelSettings {
  /** Columns in order; empty means the important parameters and the objective. */
  axes: readonly string[];
  logValue: boolean;
}

export const DEFAULT_SETTINGS: IParallelSettings = { axes: [], logValue: false };

export interface IPlotData {
  /** The runs to which all indices refer. */
  rows: readonly RunRow[];
  byId: ReadonlyMap<string, number>;
  bestFirst: readonly number[];
  axes: readonly string[];
  dimensions: readonly IDimension[];
  lines: IParallelLines;
  scale: IObjectiveScale | null;
}

/** Many lines take long to draw, so live changes are batched. */
const MANY_RUNS = 1000;
const PAUSE_MS = 250;
const LONG_PAUSE_MS = 2000;
/** The number of best runs that are drawn on top. */
const ON_TOP_COUNT = 50;

export function usePlotData(
  sweep: SweepModel,
  { axes: selectedAxes, logValue }: IParallelSettings
): IPlotData {
  const { trans } = usePanelContext();
  const theme = useThemeColors();
  const { summary, detail, columns, activeRuns } = sweep;
  const { metric = null, goal = null, objective: kind } = summary ?? {};
  const objective = useMemo(() => ({ metric, goal, objective: kind }), [metric, goal, kind]);
  const maximize = summary?.goal === 'maximize';
  const rows = useThrottledValue(
    sweep.rows,
    sweep.rows.length > MANY_RUNS ? LONG_PAUSE_MS : PAUSE_MS
  );
  const importance = useImportance(sweep).value?.parameters ?? null;
  // The order of axes stays as it was first computed: the user cannot point at what moves.
  const [order, setOrder] = useState(importance);
  if (order === null && importance !== null) {
    setOrder(importance);
  }
  const axes = useMemo(() => {
    const weights = new Map(order?.map(parameter => [parameter.name, parameter.importance]));
    return selectedAxes.length > 0
      ? [...selectedAxes.filter(axis => axis !== 'value'), 'value']
      : defaultAxes(columns, rows, weights);
  }, [selectedAxes, columns, rows, order]);
  const spec = detail?.spec;
  const dimensions = useMemo(
    () =>
      makeDimensions(
        axes,
        rows,
        column => axisOptionsFor(spec, column, logValue),
        column => columnLabel(column, objective, trans)
      ),
    [axes, rows, logValue, spec, objective, trans]
  );
  const positions = useMemo(() => positionsOf(rows, dimensions), [rows, dimensions]);
  const scale = useMemo(
    () =>
      objectiveScale(
        rows.map(row => row.value),
        maximize,
        logValue
      ),
    [rows, maximize, logValue]
  );
  const { all, byId, bestFirst } = useMemo(() => orderRuns(rows, maximize), [rows, maximize]);
  const colors = useMemo(
    () =>
      rows.map(({ value }) =>
        value === null || scale === null
          ? theme.muted
          : toCss(objectiveColor(scale.normalize(value), theme.isDark))
      ),
    [rows, scale, theme]
  );
  const active = useMemo(() => {
    const isActive = new Uint8Array(rows.length);
    for (const { id } of activeRuns) {
      const index = byId.get(id);
      if (index !== undefined) {
        isActive[index] = 1;
      }
    }
    return all.filter(run => isActive[run] === 1);
  }, [rows, activeRuns, byId, all]);
  const lines = useMemo(
    () => ({ positions, all, active, colors }),
    [positions, all, active, colors]
  );
  return { rows, byId, bestFirst, axes, dimensions, lines, scale };
}

/** The drawing order and the keyboard order of runs, and the index of each run among the rows. */
function orderRuns(rows: readonly RunRow[], maximize: boolean) {
  const sign = maximize ? 1 : -1;
  const objective = (run: number) =>
    rows[run].value === null ? -Infinity : sign * rows[run].value;
  const worstFirst = rows
    .map((_, index) => index)
    .sort((a, b) => objective(a) - objective(b) || 0);
  return {
    bestFirst: [...worstFirst].reverse(),
    all: scatterOrder(worstFirst, Math.min(ON_TOP_COUNT, rows.length)),
    byId: new Map(rows.map((row, index) => [row.id, index]))
  };
}
