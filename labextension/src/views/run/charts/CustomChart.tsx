/**
 * A table drawn as `wandb.plot` defines.
 *
 * The arrow keys move between marks; the value of a mark is read out, and shown beside the pointer.
 */

import { type KeyboardEvent, type ReactElement, useMemo, useState } from 'react';

import { Figure } from '../../../charts/Figure';
import type { IPlotArea } from '../../../charts/plotArea';
import { toCss, objectiveColor, type Rgb } from '../../../charts/palette';
import { type IPointerPosition, type DrawFunction, Plot } from '../../../charts/Plot';
import { Tooltip } from '../../../charts/Tooltip';
import type { IThemeColors } from '../../../charts/theme';
import type { ITable } from '../../../charts/DataTable';
import { runColor } from '../../../colors';
import { formatCell } from '../../../format';
import { usePanelContext } from '../../../components/context';
import type { Chart } from '../../../api/schemas';
import { type IWandbPlot, MAX_ROWS, nearestMark } from './wandbPlot';

/** The number of groups that the legend names. */
const MAX_GROUPS = 12;
/** From this many points on, each is drawn smaller. */
const MANY_POINTS = 500;

export function CustomChart({
  chart,
  drawing,
  table
}: {
  chart: Chart;
  drawing: IWandbPlot;
  table: ITable;
}): ReactElement {
  const { trans } = usePanelContext();
  const [pointer, setPointer] = useState<IPointerPosition | null>(null);
  const [markIndex, setChosen] = useState<number | null>(null);
  const { x, y, marks, groups } = drawing;
  const last = marks.length - 1;
  const focusedIndex = markIndex === null ? null : Math.min(markIndex, last);
  const title =
    chart.texts.title || [y.title || chart.key, x.title].filter(Boolean).join(trans.__(' by '));
  const draw = useMemo<DrawFunction>(
    () => (context, area, colors) => DRAW_FUNCTIONS[drawing.kind](context, area, drawing, colors),
    [drawing]
  );
  const drawOverlay = useMemo<DrawFunction>(
    () => (context, area, colors) => {
      if (focusedIndex !== null) {
        drawFocusedMark(context, area, drawing, focusedIndex, colors);
      }
    },
    [drawing, focusedIndex]
  );
  const onHover = (point: IPointerPosition | null) => {
    setPointer(point);
    setChosen(point === null ? null : nearestMark(drawing, point, point.area));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowRight: (focusedIndex ?? -1) + 1,
      ArrowLeft: (focusedIndex ?? last + 1) - 1,
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
  const details = focusedIndex === null ? [] : drawing.details(marks[focusedIndex]);
  const [firstDetail, ...otherDetails] = details;
  return (
    <Figure
      title={title}
      note={<Note drawing={drawing} rows={table.length} />}
      table={() => table}
    >
      <Plot
        label={trans._n('%2: %1 value', '%2: %1 values', marks.length, title)}
        ariaValue={{
          text: details.map(([name, value]) => `${name} ${formatCell(value)}`).join(', '),
          place: focusedIndex ?? 0,
          last: Math.max(0, last)
        }}
        x={x}
        y={y}
        draw={draw}
        drawOverlay={drawOverlay}
        onHover={onHover}
        onKeyDown={onKeyDown}
      >
        {pointer !== null && focusedIndex !== null && (
          <Tooltip
            title={`${firstDetail[0]} ${formatCell(firstDetail[1])}`}
            left={pointer.left}
            top={pointer.area.top}
            width={pointer.area.width}
            rows={otherDetails.map(([label, value]) => ({
              key: label,
              color: groups.length > 0 ? runColor(marks[focusedIndex].group) : null,
              label,
              value: formatCell(value)
            }))}
          />
        )}
      </Plot>
    </Figure>
  );
}

/** The legend of the colors, and a note if there is more data than is drawn. */
function Note({ drawing, rows }: { drawing: IWandbPlot; rows: number }): ReactElement | null {
  const { trans } = usePanelContext();
  const { groups } = drawing;
  if (groups.length === 0 && rows <= MAX_ROWS) {
    return null;
  }
  return (
    <>
      {groups.slice(0, MAX_GROUPS).map((name, index) => (
        <span key={name} className="jp-wm-Media-group">
          <span style={{ color: runColor(index) }} aria-hidden="true">
            ■
          </span>{' '}
          {name}
        </span>
      ))}
      {groups.length > MAX_GROUPS && trans.__('and %1 more', groups.length - MAX_GROUPS)}
      {rows > MAX_ROWS && ` ${trans.__('the first %1 of %2 rows', MAX_ROWS, rows)}`}
    </>
  );
}

type DrawMarks = (
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  plot: IWandbPlot,
  colors: IThemeColors
) => void;

const DRAW_FUNCTIONS: Record<IWandbPlot['kind'], DrawMarks> = {
  lines: drawLines,
  points: drawPoints,
  bars: drawBars,
  bins: drawBins,
  cells: drawCells
};

function drawLines(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  { marks }: IWandbPlot
): void {
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
      context.strokeStyle = runColor(group);
    }
    context.lineTo(area.x(mark.x), area.y(mark.y));
  }
  context.stroke();
}

function drawPoints(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  { marks }: IWandbPlot
): void {
  context.globalAlpha = marks.length > MANY_POINTS ? 0.6 : 0.9;
  for (const mark of marks) {
    context.fillStyle = runColor(mark.group);
    context.beginPath();
    context.arc(
      area.x(mark.x),
      area.y(mark.y),
      marks.length > MANY_POINTS ? 2 : 3.5,
      0,
      2 * Math.PI
    );
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawBars(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  { marks }: IWandbPlot,
  { brand }: IThemeColors
): void {
  context.fillStyle = brand;
  const wide = Math.max(1, 0.8 * (area.x(1) - area.x(0)));
  for (const mark of marks) {
    const [top, ground] = [area.y(mark.y), area.y(0)];
    context.fillRect(area.x(mark.x) - wide / 2, top, wide, ground - top);
  }
}

function drawBins(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  { marks }: IWandbPlot,
  { brand }: IThemeColors
): void {
  context.fillStyle = brand;
  for (const { bin, y } of marks) {
    if (bin !== null) {
      const [left, right] = [area.x(bin[0]), area.x(bin[1])];
      context.fillRect(left, area.y(y), Math.max(1, right - left - 1), area.bottom - area.y(y));
    }
  }
}

function drawCells(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  { marks }: IWandbPlot,
  { isDark, font, background, text }: IThemeColors
): void {
  const [wide, high] = [area.x(1) - area.x(0), area.y(0) - area.y(1)];
  const maxCount = Math.max(1, ...marks.map(mark => mark.count));
  context.font = font;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const mark of marks) {
    if (mark.count > 0) {
      // The square root keeps small counts visible beside large ones.
      const share = Math.sqrt(mark.count / maxCount);
      const [x, y] = [area.x(mark.x), area.y(mark.y)];
      const color = objectiveColor(share, isDark);
      context.fillStyle = toCss(color);
      context.fillRect(x - wide / 2, y - high / 2, Math.ceil(wide), Math.ceil(high));
      const label = String(mark.count);
      if (high >= 12 && context.measureText(label).width < wide - 2) {
        context.fillStyle = isBright(color) === isDark ? background : text;
        context.fillText(label, x, y);
      }
    }
  }
}

/** Whether dark text is easier to read on this color than bright text (luma of ITU-R BT.601). */
function isBright([red, green, blue]: Rgb): boolean {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 120;
}

/** Draw the mark at the pointer or the keyboard. */
function drawFocusedMark(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  { kind, marks }: IWandbPlot,
  index: number,
  { background, text }: IThemeColors
): void {
  const mark = marks[index];
  const [x, y] = [area.x(mark.x), area.y(mark.y)];
  context.lineWidth = 2;
  context.strokeStyle = text;
  context.beginPath();
  if (kind === 'cells') {
    const [wide, high] = [area.x(1) - area.x(0), area.y(0) - area.y(1)];
    context.rect(x - wide / 2, y - high / 2, wide, high);
  } else {
    context.fillStyle = background;
    context.arc(x, y, 4.5, 0, 2 * Math.PI);
    context.fill();
  }
  context.stroke();
}
