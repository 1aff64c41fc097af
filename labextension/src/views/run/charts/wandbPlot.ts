/**
 * Tables logged by `wandb.plot`, as marks between two axes.
 *
 * W&B draws its chart definitions with Vega, from its server; the definitions that come with
 * `wandb.plot` are drawn here as the same charts. A custom definition cannot be drawn here: its
 * table is shown. Pure.
 */

import type { Cell } from '../../../format';
import type { IAxis } from '../../../charts/plotArea';
import { numberScale } from '../../../charts/scale';
import type { Chart } from '../../../api/schemas';

export interface ITableData {
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
}

/** One drawn mark; on an axis of categories, the number is an index. */
export interface IPlotMark {
  x: number;
  y: number;
  /** The index of its group: each line has one. */
  group: number;
  /** The count of a cell. */
  count: number;
  /** The ends of a bin. */
  bin: readonly [number, number] | null;
}

export interface IWandbPlot {
  kind: 'lines' | 'points' | 'bars' | 'bins' | 'cells';
  x: IAxis;
  y: IAxis;
  marks: readonly IPlotMark[];
  /** The names of the groups; empty if there is only one, without a name. */
  groups: readonly string[];
  /** The details of a mark, as pairs of title and value. */
  details: (mark: IPlotMark) => (readonly [string, Cell])[];
}

/** W&B itself draws this many rows. */
export const MAX_ROWS = 10_000;
const PADDING = 0.04;
const MIN_BINS = 5;
const MAX_BINS = 30;

/** How to draw a table; null if the chart type is unknown, or there is nothing to draw. */
export function parseWandbPlot(chart: Chart, data: ITableData): IWandbPlot | null {
  const { fields, texts } = chart;
  const column = (field: string): unknown[] | null => {
    const columnIndex = data.columns.indexOf(fields[field] ?? '');
    return columnIndex < 0 ? null : data.rows.slice(0, MAX_ROWS).map(row => row[columnIndex]);
  };
  switch (chart.kind.replace(/\/v\d+$/, '')) {
    case 'wandb/line':
      return parsePoints('lines', column('x'), column('y'), column('stroke'), fields.x, fields.y);
    case 'wandb/scatter':
      return parsePoints('points', column('x'), column('y'), null, fields.x, fields.y);
    case 'wandb/lineseries':
      return parsePoints(
        'lines',
        column('step'),
        column('lineVal'),
        column('lineKey'),
        texts.xname || fields.step,
        ''
      );
    case 'wandb/area-under-curve':
      return parsePoints(
        'lines',
        column('x'),
        column('y'),
        column('class'),
        texts['x-axis-title'] || fields.x,
        texts['y-axis-title'] || fields.y,
        true
      );
    case 'wandb/bar':
      return parseBars(column('label'), column('value'), fields.label, fields.value);
    case 'wandb/histogram':
      return parseHistogram(column('value'), fields.value);
    case 'wandb/confusion_matrix':
      return parseConfusionMatrix(
        column('Actual'),
        column('Predicted'),
        column('nPredictions'),
        fields.Actual,
        fields.Predicted
      );
    default:
      return null;
  }
}

/** Lines join their points in the order of x or, if `asIs`, in the order of the table. */
function parsePoints(
  kind: 'lines' | 'points',
  xs: unknown[] | null,
  ys: unknown[] | null,
  by: unknown[] | null,
  xTitle: string,
  yTitle: string,
  keepOrder = false
): IWandbPlot | null {
  if (xs === null || ys === null) {
    return null;
  }
  const groups = by === null ? [] : [...new Set(by.map(String))];
  const index = new Map(groups.map((name, groupIndex) => [name, groupIndex]));
  const marks: IPlotMark[] = [];
  xs.forEach((x, row) => {
    const y = ys[row];
    if (isNumber(x) && isNumber(y)) {
      const group = by === null ? 0 : (index.get(String(by[row])) ?? 0);
      marks.push({ x, y, group, count: 0, bin: null });
    }
  });
  if (kind === 'lines') {
    marks.sort((a, b) => a.group - b.group || (keepOrder ? 0 : a.x - b.x));
  }
  const x = numberScale(
    marks.map(mark => mark.x),
    { room: kind === 'lines' ? 0 : PADDING }
  );
  const y = numberScale(
    marks.map(mark => mark.y),
    { room: PADDING }
  );
  if (x === null || y === null) {
    return null;
  }
  return {
    kind,
    x: { scale: x, title: xTitle },
    // The outermost values are whole numbers, but the padded axis need not be.
    y: { scale: { ...y, isInteger: false }, title: yTitle },
    marks,
    groups,
    details: mark => [
      [xTitle, mark.x],
      [groups[mark.group] ?? yTitle, mark.y]
    ]
  };
}

function parseBars(
  labels: unknown[] | null,
  values: unknown[] | null,
  xTitle: string,
  yTitle: string
): IWandbPlot | null {
  if (labels === null || values === null) {
    return null;
  }
  const names: string[] = [];
  const marks: IPlotMark[] = [];
  values.forEach((y, row) => {
    if (isNumber(y)) {
      marks.push({ x: names.length, y, group: 0, count: 0, bin: null });
      names.push(String(labels[row]));
    }
  });
  const y = numberScale([0, ...marks.map(mark => mark.y)]);
  if (marks.length === 0 || y === null) {
    return null;
  }
  return {
    kind: 'bars',
    x: { scale: { kind: 'category', values: names }, title: xTitle },
    y: { scale: { ...y, isInteger: false }, title: yTitle },
    marks,
    groups: [],
    details: mark => [
      [xTitle, names[mark.x]],
      [yTitle, mark.y]
    ]
  };
}

function parseHistogram(values: unknown[] | null, title: string): IWandbPlot | null {
  const numbers = (values ?? []).filter(isNumber);
  const scale = numberScale(numbers);
  if (scale === null) {
    return null;
  }
  const { low, high } = scale;
  const count = Math.min(MAX_BINS, Math.max(MIN_BINS, Math.ceil(Math.sqrt(numbers.length))));
  const wide = (high - low) / count;
  const counts = new Array<number>(count).fill(0);
  for (const value of numbers) {
    counts[Math.min(count - 1, Math.floor((value - low) / wide))] += 1;
  }
  const marks = counts.map((y, binIndex): IPlotMark => {
    const bin = [low + binIndex * wide, low + (binIndex + 1) * wide] as const;
    return { x: (bin[0] + bin[1]) / 2, y, group: 0, count: y, bin };
  });
  return {
    kind: 'bins',
    x: { scale: { kind: 'linear', low, high }, title },
    y: {
      scale: { kind: 'linear', low: 0, high: Math.max(...counts), isInteger: true },
      title: ''
    },
    marks,
    groups: [],
    details: ({ bin, y }) => [
      [`${title} ≥`, bin?.[0] ?? null],
      [`${title} <`, bin?.[1] ?? null],
      ['n', y]
    ]
  };
}

function parseConfusionMatrix(
  actual: unknown[] | null,
  predicted: unknown[] | null,
  counts: unknown[] | null,
  actualTitle: string,
  predictedTitle: string
): IWandbPlot | null {
  if (actual === null || predicted === null || counts === null || counts.length === 0) {
    return null;
  }
  const names = [...new Set([...actual, ...predicted].map(String))];
  // The first class is at the top, as usual for confusion matrices.
  const rowNames = [...names].reverse();
  const indexByName = new Map(names.map((name, index) => [name, index]));
  const marks: IPlotMark[] = [];
  counts.forEach((count, row) => {
    if (isNumber(count)) {
      const x = indexByName.get(String(predicted[row])) ?? 0;
      const y = names.length - 1 - (indexByName.get(String(actual[row])) ?? 0);
      marks.push({ x, y, group: 0, count, bin: null });
    }
  });
  return {
    kind: 'cells',
    // Inside the plot, where x titles are placed, the title would cover the last cell.
    x: { scale: { kind: 'category', values: names }, title: '' },
    y: {
      scale: { kind: 'category', values: rowNames },
      title: `${actualTitle} ↓ ${predictedTitle} →`
    },
    marks,
    groups: [],
    details: ({ x, y, count }) => [
      [actualTitle, rowNames[y]],
      [predictedTitle, names[x]],
      ['n', count]
    ]
  };
}

/** The index of the mark nearest to a position; -1 if there is none. */
export function nearestMark(
  plot: IWandbPlot,
  position: { left: number; top: number },
  area: { x: (value: number) => number; y: (value: number) => number }
): number {
  const isHorizontalOnly = plot.kind === 'bars' || plot.kind === 'bins';
  let [nearest, minSquared] = [-1, Infinity];
  plot.marks.forEach((mark, index) => {
    const dx = area.x(mark.x) - position.left;
    const dy = isHorizontalOnly ? 0 : area.y(mark.y) - position.top;
    const squared = dx * dx + dy * dy;
    if (squared < minSquared) {
      [nearest, minSquared] = [index, squared];
    }
  });
  return nearest;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
