/**
 * A table that is drawn as `wandb.plot` says.
 *
 * The arrow keys go from mark to mark; what a mark stands for is said, and shown beside the pointer.
 */

import { type KeyboardEvent, type ReactElement, useMemo, useState } from 'react';

import { Figure } from '../../../charts/Figure';
import type { IFrame } from '../../../charts/frame';
import { css, goodness, type Rgb } from '../../../charts/palette';
import { type IPoint, type Paint, Plot } from '../../../charts/Plot';
import { Readout } from '../../../charts/Readout';
import type { IColours } from '../../../charts/theme';
import type { ITable } from '../../../charts/DataTable';
import { runColour } from '../../../colours';
import { formatCell } from '../../../format';
import { useLab } from '../../../lab';
import type { Chart } from '../../../wire';
import { type IDrawing, MOST_ROWS, nearestMark } from './drawing';

/** Names of groups that are shown beside each other. */
const MOST_GROUPS = 12;
/** From so many points on, each is drawn smaller. */
const MANY = 500;

export function CustomChart({
  chart,
  drawing,
  table
}: {
  chart: Chart;
  drawing: IDrawing;
  table: ITable;
}): ReactElement {
  const { trans } = useLab();
  const [pointer, setPointer] = useState<IPoint | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const { x, y, marks, groups } = drawing;
  const last = marks.length - 1;
  const at = chosen === null ? null : Math.min(chosen, last);
  const title =
    chart.texts.title || [y.title || chart.key, x.title].filter(Boolean).join(trans.__(' by '));
  const paint = useMemo<Paint>(
    () => (context, frame, colours) => PAINTERS[drawing.form](context, frame, drawing, colours),
    [drawing]
  );
  const paintOver = useMemo<Paint>(
    () => (context, frame, colours) => {
      if (at !== null) {
        paintMark(context, frame, drawing, at, colours);
      }
    },
    [drawing, at]
  );
  const onHover = (point: IPoint | null) => {
    setPointer(point);
    setChosen(point === null ? null : nearestMark(drawing, point, point.frame));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: (at ?? -1) + 1,
      ArrowLeft: (at ?? last + 1) - 1,
      Home: 0,
      End: last
    };
    if (event.key in moves) {
      event.preventDefault();
      setChosen(Math.max(0, Math.min(last, moves[event.key])));
    } else if (event.key === 'Escape') {
      setChosen(null);
    }
  };
  const told = at === null ? [] : drawing.told(marks[at]);
  const [head, ...rest] = told;
  return (
    <Figure
      title={title}
      note={<Note drawing={drawing} rows={table.length} />}
      table={() => table}
    >
      <Plot
        label={trans._n('%2: %1 value', '%2: %1 values', marks.length, title)}
        reading={{
          text: told.map(([name, value]) => `${name} ${formatCell(value)}`).join(', '),
          place: at ?? 0,
          last: Math.max(0, last)
        }}
        x={x}
        y={y}
        paint={paint}
        paintOver={paintOver}
        onHover={onHover}
        onKeyDown={onKeyDown}
      >
        {pointer !== null && at !== null && (
          <Readout
            title={`${head[0]} ${formatCell(head[1])}`}
            left={pointer.left}
            top={pointer.frame.top}
            width={pointer.frame.width}
            rows={rest.map(([label, value]) => ({
              key: label,
              colour: groups.length > 0 ? runColour(marks[at].group) : null,
              label,
              value: formatCell(value)
            }))}
          />
        )}
      </Plot>
    </Figure>
  );
}

/** Which colour is what, and whether there is more than is drawn. */
function Note({ drawing, rows }: { drawing: IDrawing; rows: number }): ReactElement | null {
  const { trans } = useLab();
  const { groups } = drawing;
  if (groups.length === 0 && rows <= MOST_ROWS) {
    return null;
  }
  return (
    <>
      {groups.slice(0, MOST_GROUPS).map((name, index) => (
        <span key={name} className="jp-wm-Media-group">
          <span style={{ color: runColour(index) }} aria-hidden="true">
            ■
          </span>{' '}
          {name}
        </span>
      ))}
      {groups.length > MOST_GROUPS && trans.__('and %1 more', groups.length - MOST_GROUPS)}
      {rows > MOST_ROWS && ` ${trans.__('the first %1 of %2 rows', MOST_ROWS, rows)}`}
    </>
  );
}

type Painter = (
  context: CanvasRenderingContext2D,
  frame: IFrame,
  drawing: IDrawing,
  colours: IColours
) => void;

const PAINTERS: Record<IDrawing['form'], Painter> = {
  lines: paintLines,
  points: paintPoints,
  bars: paintBars,
  bins: paintBins,
  cells: paintCells
};

function paintLines(context: CanvasRenderingContext2D, frame: IFrame, { marks }: IDrawing): void {
  context.lineWidth = 1.5;
  context.lineJoin = 'round';
  let group = -1;
  for (const mark of marks) {
    if (mark.group !== group) {
      if (group >= 0) {
        context.stroke();
      }
      group = mark.group;
      context.beginPath();
      context.strokeStyle = runColour(group);
    }
    context.lineTo(frame.x(mark.x), frame.y(mark.y));
  }
  context.stroke();
}

function paintPoints(context: CanvasRenderingContext2D, frame: IFrame, { marks }: IDrawing): void {
  context.globalAlpha = marks.length > MANY ? 0.6 : 0.9;
  for (const mark of marks) {
    context.fillStyle = runColour(mark.group);
    context.beginPath();
    context.arc(frame.x(mark.x), frame.y(mark.y), marks.length > MANY ? 2 : 3.5, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

function paintBars(
  context: CanvasRenderingContext2D,
  frame: IFrame,
  { marks }: IDrawing,
  { brand }: IColours
): void {
  context.fillStyle = brand;
  const wide = Math.max(1, 0.8 * (frame.x(1) - frame.x(0)));
  for (const mark of marks) {
    const [top, ground] = [frame.y(mark.y), frame.y(0)];
    context.fillRect(frame.x(mark.x) - wide / 2, top, wide, ground - top);
  }
}

function paintBins(
  context: CanvasRenderingContext2D,
  frame: IFrame,
  { marks }: IDrawing,
  { brand }: IColours
): void {
  context.fillStyle = brand;
  for (const { bin, y } of marks) {
    if (bin !== null) {
      const [left, right] = [frame.x(bin[0]), frame.x(bin[1])];
      context.fillRect(left, frame.y(y), Math.max(1, right - left - 1), frame.bottom - frame.y(y));
    }
  }
}

function paintCells(
  context: CanvasRenderingContext2D,
  frame: IFrame,
  { marks }: IDrawing,
  { dark, font, page, text }: IColours
): void {
  const [wide, high] = [frame.x(1) - frame.x(0), frame.y(0) - frame.y(1)];
  const most = Math.max(1, ...marks.map(mark => mark.count));
  context.font = font;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const mark of marks) {
    if (mark.count > 0) {
      // Few values must be seen beside many: the root of the share.
      const share = Math.sqrt(mark.count / most);
      const [x, y] = [frame.x(mark.x), frame.y(mark.y)];
      const colour = goodness(share, dark);
      context.fillStyle = css(colour);
      context.fillRect(x - wide / 2, y - high / 2, Math.ceil(wide), Math.ceil(high));
      const said = String(mark.count);
      if (high >= 12 && context.measureText(said).width < wide - 2) {
        context.fillStyle = isBright(colour) === dark ? page : text;
        context.fillText(said, x, y);
      }
    }
  }
}

/** Whether a dark text is read better on it than a bright one (luma of ITU-R BT.601). */
function isBright([red, green, blue]: Rgb): boolean {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 120;
}

/** Where the pointer or the keyboard is. */
function paintMark(
  context: CanvasRenderingContext2D,
  frame: IFrame,
  { form, marks }: IDrawing,
  at: number,
  { page, text }: IColours
): void {
  const mark = marks[at];
  const [x, y] = [frame.x(mark.x), frame.y(mark.y)];
  context.lineWidth = 2;
  context.strokeStyle = text;
  context.beginPath();
  if (form === 'cells') {
    const [wide, high] = [frame.x(1) - frame.x(0), frame.y(0) - frame.y(1)];
    context.rect(x - wide / 2, y - high / 2, wide, high);
  } else {
    context.fillStyle = page;
    context.arc(x, y, 4.5, 0, 2 * Math.PI);
    context.fill();
  }
  context.stroke();
}
