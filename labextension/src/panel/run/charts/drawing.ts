/**
 * What `wandb.plot` made of a table, as marks between two axes.
 *
 * W&B draws its definitions with Vega, from its server; the ones that come with `wandb.plot` are
 * drawn here as the same forms. A definition of somebody's own has no form here: its table is
 * shown. Pure.
 */

import type { Cell } from '../../../columns';
import type { IAxis } from '../../../charts/frame';
import { numberScale } from '../../../charts/scale';
import type { Chart } from '../../../wire';

export interface IData {
  columns: readonly string[];
  rows: readonly (readonly unknown[])[];
}

/** One thing that is drawn; on an axis of categories, the number is an index. */
export interface IMark {
  x: number;
  y: number;
  /** The index of its group: lines have one each. */
  group: number;
  /** How many a cell counts. */
  count: number;
  /** Where a bin begins and ends. */
  bin: readonly [number, number] | null;
}

export interface IDrawing {
  form: 'lines' | 'points' | 'bars' | 'bins' | 'cells';
  x: IAxis;
  y: IAxis;
  marks: readonly IMark[];
  /** Names of the groups; empty if there is only one, without a name. */
  groups: readonly string[];
  /** What a mark says: titles with values. */
  told: (mark: IMark) => (readonly [string, Cell])[];
}

/** As many rows as W&B itself draws. */
export const MOST_ROWS = 10_000;
const ROOM = 0.04;
const FEWEST_BINS = 5;
const MOST_BINS = 30;

/** How a table is drawn; null if there is no form for that, or nothing to draw. */
export function drawingOf(chart: Chart, data: IData): IDrawing | null {
  const { fields, texts } = chart;
  const column = (field: string): unknown[] | null => {
    const at = data.columns.indexOf(fields[field] ?? '');
    return at < 0 ? null : data.rows.slice(0, MOST_ROWS).map(row => row[at]);
  };
  switch (chart.kind.replace(/\/v\d+$/, '')) {
    case 'wandb/line':
      return pointsOf('lines', column('x'), column('y'), column('stroke'), fields.x, fields.y);
    case 'wandb/scatter':
      return pointsOf('points', column('x'), column('y'), null, fields.x, fields.y);
    case 'wandb/lineseries':
      return pointsOf(
        'lines',
        column('step'),
        column('lineVal'),
        column('lineKey'),
        texts.xname || fields.step,
        ''
      );
    case 'wandb/area-under-curve':
      return pointsOf(
        'lines',
        column('x'),
        column('y'),
        column('class'),
        texts['x-axis-title'] || fields.x,
        texts['y-axis-title'] || fields.y,
        true
      );
    case 'wandb/bar':
      return barsOf(column('label'), column('value'), fields.label, fields.value);
    case 'wandb/histogram':
      return binsOf(column('value'), fields.value);
    case 'wandb/confusion_matrix':
      return cellsOf(
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

/** Lines join their points in the order of x, or, where `asIs`, in that of the table. */
function pointsOf(
  form: 'lines' | 'points',
  xs: unknown[] | null,
  ys: unknown[] | null,
  by: unknown[] | null,
  xTitle: string,
  yTitle: string,
  asIs = false
): IDrawing | null {
  if (xs === null || ys === null) {
    return null;
  }
  const groups = by === null ? [] : [...new Set(by.map(String))];
  const index = new Map(groups.map((name, place) => [name, place]));
  const marks: IMark[] = [];
  xs.forEach((x, row) => {
    const y = ys[row];
    if (isNumber(x) && isNumber(y)) {
      const group = by === null ? 0 : (index.get(String(by[row])) ?? 0);
      marks.push({ x, y, group, count: 0, bin: null });
    }
  });
  if (form === 'lines') {
    marks.sort((one, other) => one.group - other.group || (asIs ? 0 : one.x - other.x));
  }
  const x = numberScale(
    marks.map(mark => mark.x),
    { room: form === 'lines' ? 0 : ROOM }
  );
  const y = numberScale(
    marks.map(mark => mark.y),
    { room: ROOM }
  );
  if (x === null || y === null) {
    return null;
  }
  return {
    form,
    x: { scale: x, title: xTitle },
    // That the outermost values are whole numbers says nothing of the axis with its room.
    y: { scale: { ...y, whole: false }, title: yTitle },
    marks,
    groups,
    told: mark => [
      [xTitle, mark.x],
      [groups[mark.group] ?? yTitle, mark.y]
    ]
  };
}

function barsOf(
  labels: unknown[] | null,
  values: unknown[] | null,
  xTitle: string,
  yTitle: string
): IDrawing | null {
  if (labels === null || values === null) {
    return null;
  }
  const names: string[] = [];
  const marks: IMark[] = [];
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
    form: 'bars',
    x: { scale: { kind: 'category', values: names }, title: xTitle },
    y: { scale: { ...y, whole: false }, title: yTitle },
    marks,
    groups: [],
    told: mark => [
      [xTitle, names[mark.x]],
      [yTitle, mark.y]
    ]
  };
}

function binsOf(values: unknown[] | null, title: string): IDrawing | null {
  const numbers = (values ?? []).filter(isNumber);
  const scale = numberScale(numbers);
  if (scale === null) {
    return null;
  }
  const { low, high } = scale;
  const count = Math.min(MOST_BINS, Math.max(FEWEST_BINS, Math.ceil(Math.sqrt(numbers.length))));
  const wide = (high - low) / count;
  const counts = new Array<number>(count).fill(0);
  for (const value of numbers) {
    counts[Math.min(count - 1, Math.floor((value - low) / wide))] += 1;
  }
  const marks = counts.map((y, place): IMark => {
    const bin = [low + place * wide, low + (place + 1) * wide] as const;
    return { x: (bin[0] + bin[1]) / 2, y, group: 0, count: y, bin };
  });
  return {
    form: 'bins',
    x: { scale: { kind: 'linear', low, high }, title },
    y: { scale: { kind: 'linear', low: 0, high: Math.max(...counts), whole: true }, title: '' },
    marks,
    groups: [],
    told: ({ bin, y }) => [
      [`${title} ≥`, bin?.[0] ?? null],
      [`${title} <`, bin?.[1] ?? null],
      ['n', y]
    ]
  };
}

function cellsOf(
  actual: unknown[] | null,
  predicted: unknown[] | null,
  counts: unknown[] | null,
  actualTitle: string,
  predictedTitle: string
): IDrawing | null {
  if (actual === null || predicted === null || counts === null || counts.length === 0) {
    return null;
  }
  const names = [...new Set([...actual, ...predicted].map(String))];
  // The first class is at the top, as in every such matrix.
  const rising = [...names].reverse();
  const place = new Map(names.map((name, index) => [name, index]));
  const marks: IMark[] = [];
  counts.forEach((count, row) => {
    if (isNumber(count)) {
      const x = place.get(String(predicted[row])) ?? 0;
      const y = names.length - 1 - (place.get(String(actual[row])) ?? 0);
      marks.push({ x, y, group: 0, count, bin: null });
    }
  });
  return {
    form: 'cells',
    // Inside the plot, where titles of x stand, one would hide the last cell.
    x: { scale: { kind: 'category', values: names }, title: '' },
    y: {
      scale: { kind: 'category', values: rising },
      title: `${actualTitle} ↓ ${predictedTitle} →`
    },
    marks,
    groups: [],
    told: ({ x, y, count }) => [
      [actualTitle, rising[y]],
      [predictedTitle, names[x]],
      ['n', count]
    ]
  };
}

/** The index of the mark that is nearest to a place; -1 without any. */
export function nearestMark(
  drawing: IDrawing,
  place: { left: number; top: number },
  frame: { x: (value: number) => number; y: (value: number) => number }
): number {
  const upright = drawing.form === 'bars' || drawing.form === 'bins';
  let [nearest, least] = [-1, Infinity];
  drawing.marks.forEach((mark, index) => {
    const across = frame.x(mark.x) - place.left;
    const up = upright ? 0 : frame.y(mark.y) - place.top;
    const away = across * across + up * up;
    if (away < least) {
      [nearest, least] = [index, away];
    }
  });
  return nearest;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
