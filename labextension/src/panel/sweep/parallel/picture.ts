/** All that the parallel coordinates of a sweep are drawn from, no more often anew than needed. */

import { useMemo, useState } from 'react';

import { goodnessOf, type IGoodness } from '../../../charts/goodness';
import { css, goodness } from '../../../charts/palette';
import { useColours } from '../../../charts/theme';
import { useCalm } from '../../../charts/useCalm';
import { useLab } from '../../../lab';
import type { SweepModel } from '../../../sweep';
import type { RunRow } from '../../../wire';
import { askedOf } from '../asked';
import { useImportance } from '../importance/data';
import { titleOf } from '../titles';
import { dimensionsOf, firstAxes, type IDimension, placesOf } from './dimensions';
import type { ILines } from './Layers';
import { scattered } from './painter';

export interface ISettings {
  /** Columns in order; none means the important parameters and the objective. */
  axes: readonly string[];
  logValue: boolean;
}

export const FIRST_SETTINGS: ISettings = { axes: [], logValue: false };

export interface IPlot {
  /** The runs by which all others count. */
  rows: readonly RunRow[];
  byId: ReadonlyMap<string, number>;
  bestFirst: readonly number[];
  axes: readonly string[];
  dimensions: readonly IDimension[];
  lines: ILines;
  scale: IGoodness | null;
}

/** Many lines take long to draw: live changes wait for one another. */
const MANY = 1000;
const PAUSE_MS = 250;
const LONG_PAUSE_MS = 2000;
/** The best runs, which no others hide. */
const ON_TOP = 50;

export function usePlot(sweep: SweepModel, { axes: chosen, logValue }: ISettings): IPlot {
  const { trans } = useLab();
  const theme = useColours();
  const { summary, detail, columns, considered } = sweep;
  const metric = summary?.metric ?? null;
  const maximize = summary?.goal === 'maximize';
  const rows = useCalm(sweep.rows, sweep.rows.length > MANY ? LONG_PAUSE_MS : PAUSE_MS);
  const known = useImportance(sweep).value?.parameters ?? null;
  // The order stays as it was when it was first known: what moves cannot be pointed at.
  const [order, setOrder] = useState(known);
  if (order === null && known !== null) {
    setOrder(known);
  }
  const axes = useMemo(() => {
    const weights = new Map(order?.map(each => [each.name, each.importance]));
    return chosen.length > 0
      ? [...chosen.filter(each => each !== 'value'), 'value']
      : firstAxes(columns, rows, weights);
  }, [chosen, columns, rows, order]);
  const spec = detail?.spec;
  const dimensions = useMemo(
    () =>
      dimensionsOf(
        axes,
        rows,
        column => askedOf(spec, column, logValue),
        column => titleOf(column, metric, trans)
      ),
    [axes, rows, logValue, spec, metric, trans]
  );
  const places = useMemo(() => placesOf(rows, dimensions), [rows, dimensions]);
  const scale = useMemo(
    () =>
      goodnessOf(
        rows.map(row => row.value),
        maximize,
        logValue
      ),
    [rows, maximize, logValue]
  );
  const { all, byId, bestFirst } = useMemo(() => orderOf(rows, maximize), [rows, maximize]);
  const colours = useMemo(
    () =>
      rows.map(({ value }) =>
        value === null || scale === null ? theme.quiet : css(goodness(scale.of(value), theme.dark))
      ),
    [rows, scale, theme]
  );
  const passing = useMemo(() => {
    const passes = new Uint8Array(rows.length);
    for (const { id } of considered) {
      const place = byId.get(id);
      if (place !== undefined) {
        passes[place] = 1;
      }
    }
    return all.filter(run => passes[run] === 1);
  }, [rows, considered, byId, all]);
  const lines = useMemo(
    () => ({ places, all, passing, colours }),
    [places, all, passing, colours]
  );
  return { rows, byId, bestFirst, axes, dimensions, lines, scale };
}

/** In which order runs are drawn and gone through, and where each of them is among the rows. */
function orderOf(rows: readonly RunRow[], maximize: boolean) {
  const sign = maximize ? 1 : -1;
  const worth = (run: number) => (rows[run].value === null ? -Infinity : sign * rows[run].value);
  const worstFirst = rows
    .map((_, index) => index)
    .sort((one, other) => worth(one) - worth(other) || 0);
  return {
    bestFirst: [...worstFirst].reverse(),
    all: scattered(worstFirst, Math.min(ON_TOP, rows.length)),
    byId: new Map(rows.map((row, index) => [row.id, index]))
  };
}
