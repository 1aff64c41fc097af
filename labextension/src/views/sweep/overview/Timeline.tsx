/**
 * One bar per run, by agent and time, drawn on a canvas because ten thousand runs are as many bars.
 *
 * The arrow keys move between runs, Enter opens one.
 */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  useEffect,
  useMemo,
  useRef
} from 'react';

import { durationOf } from '../../../models/columns';
import { formatDuration, formatNumber } from '../../../format';
import { usePanelContext } from '../../../components/context';
import { useNow } from '../../../components/useNow';
import { useSize } from '../../../components/useSize';
import { useTheme } from '../../../components/useTheme';
import { stateColor, stateLabel } from '../../../states';
import type { SweepModel } from '../../../models/sweepModel';
import { Commands } from '../../../tokens';
import {
  barAt,
  barShape,
  type IBar,
  type IBarShape,
  type ITimeline,
  buildTimeline
} from './timelineData';

const LEFT = 60;
const RIGHT = 12;
const MAX_LANE_HEIGHT = 16;
const MIN_LANE_HEIGHT = 2;
const MAX_HEIGHT = 160;
/** Pixels beside a bar within which the pointer snaps to it. */
const SNAP_DISTANCE = 3;
/** Pixels from which on a bar is large enough for its shape to be seen. */
const MIN_SHAPE = 6;
const HATCH = 5;

export function Timeline({ sweep }: { sweep: SweepModel }): ReactElement | null {
  const { commands, trans } = usePanelContext();
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const { width } = useSize(frame);
  const theme = useTheme();
  const { rows } = sweep;
  const timeline = useMemo(() => buildTimeline(rows), [rows]);
  const isRunning = timeline !== null && timeline.end === null;
  const now = useNow(isRunning);
  const lanes = timeline?.agents.length ?? 1;
  const lane = Math.max(
    MIN_LANE_HEIGHT,
    Math.min(MAX_LANE_HEIGHT, Math.floor(MAX_HEIGHT / lanes))
  );
  const height = lanes * lane;
  const focus = sweep.focus;
  const to = timeline?.end ?? now;
  const scale = timeline === null ? 1 : (width - LEFT - RIGHT) / (to - timeline.start || 1);
  useEffect(() => {
    if (canvas.current !== null && timeline !== null && width > 0) {
      draw(canvas.current, timeline, { width, height, lane, scale, now, focus });
    }
  }, [timeline, width, height, lane, scale, now, focus, theme]);
  if (timeline === null) {
    return <p className="jp-wm-Muted">{trans.__('No runs started yet.')}</p>;
  }
  const barUnder = (event: PointerEvent): IBar | null => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const time = timeline.start + (event.clientX - left - LEFT) / scale;
    const laneIndex = Math.floor((event.clientY - top) / lane);
    return barAt(timeline.bars, laneIndex, time, now, SNAP_DISTANCE / scale);
  };
  const open = () => {
    if (sweep.focus !== null) {
      void commands.execute(Commands.openRun, { sweep: sweep.id, run: sweep.focus });
    }
  };
  const { bars } = timeline;
  const focusIndex = bars.findIndex(bar => bar.row.id === focus);
  const onKeyDown = (event: KeyboardEvent) => {
    const indexByKey: Record<string, number> = {
      ArrowLeft: focusIndex < 0 ? bars.length - 1 : Math.max(0, focusIndex - 1),
      ArrowRight: Math.min(bars.length - 1, focusIndex + 1),
      Home: 0,
      End: bars.length - 1
    };
    if (event.key in indexByKey) {
      event.preventDefault();
      sweep.setFocus(bars[indexByKey[event.key]].row.id);
    } else if (event.key === 'Enter') {
      open();
    }
  };
  const focused = focus === null ? undefined : sweep.run(focus);
  const text =
    focused === undefined
      ? trans.__('%1 in total', formatDuration(to - timeline.start))
      : [
          trans.__('run %1', focused.number),
          trans.__('agent %1', focused.agent),
          stateLabel(focused.state, trans),
          formatDuration(durationOf(focused)),
          focused.value === null ? '' : formatNumber(focused.value),
          focused.failure
        ]
          .filter(Boolean)
          .join(' · ');
  return (
    <div ref={frame} className="jp-wm-Timeline">
      <div
        role="slider"
        tabIndex={0}
        aria-label={trans._n(
          '%1 run by agent over time',
          '%1 runs by agent over time',
          timeline.bars.length
        )}
        aria-valuemin={0}
        aria-valuemax={timeline.bars.length - 1}
        aria-valuenow={focusIndex}
        aria-valuetext={text}
        onKeyDown={onKeyDown}
        onPointerMove={event => sweep.setFocus(barUnder(event)?.row.id ?? null)}
        onPointerLeave={() => sweep.setFocus(null)}
        onClick={open}
      >
        <canvas ref={canvas} style={{ width, height }} aria-hidden="true" />
      </div>
      <p className="jp-wm-Timeline-text">{text}</p>
    </div>
  );
}

/** A bar that is too small for shapes is solid; its state is in the text below. */
function drawBar(
  context: CanvasRenderingContext2D,
  [left, top, width, height]: readonly [number, number, number, number],
  shape: IBarShape
): void {
  if (height < MIN_SHAPE || width < MIN_SHAPE) {
    context.fillRect(left, top, width, height);
    return;
  }
  if (shape.fill === 'solid') {
    context.fillRect(left, top + shape.top * height, width, shape.height * height);
    return;
  }
  context.lineWidth = 1.5;
  context.strokeRect(left + 0.75, top + 0.75, width - 1.5, height - 1.5);
  if (shape.fill === 'hatched') {
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.beginPath();
    for (let x = left - height; x < left + width; x += HATCH) {
      context.moveTo(x, top + height);
      context.lineTo(x + height, top);
    }
    context.stroke();
    context.restore();
  }
}

interface ITimelineLayout {
  width: number;
  height: number;
  lane: number;
  scale: number;
  now: number;
  focus: string | null;
}

function draw(canvas: HTMLCanvasElement, timeline: ITimeline, layout: ITimelineLayout): void {
  const { width, height, lane, scale, now, focus } = layout;
  const context = canvas.getContext('2d');
  if (context === null) {
    return;
  }
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const gap = lane > 4 ? 2 : 0;
  const box = (bar: IBar): [number, number, number, number] => {
    const left = LEFT + (bar.start - timeline.start) * scale;
    const length = ((bar.end ?? now) - bar.start) * scale;
    return [left, bar.lane * lane, Math.max(1.5, length - (length > 4 ? 1 : 0)), lane - gap];
  };
  // If bars are thinner than a pixel, failed runs must not be hidden below others.
  for (const state of [
    'finished',
    'stopped',
    'pruned',
    'running',
    'lost',
    'killed',
    'failed'
  ] as const) {
    context.fillStyle = style.getPropertyValue(stateColor(state));
    context.strokeStyle = context.fillStyle;
    for (const bar of timeline.bars) {
      if (bar.row.state === state) {
        drawBar(context, box(bar), barShape(state));
      }
    }
  }
  const focused = timeline.bars.find(bar => bar.row.id === focus);
  if (focused !== undefined) {
    context.strokeStyle = style.getPropertyValue('--jp-ui-font-color0');
    context.lineWidth = 2;
    const [left, top, length, tall] = box(focused);
    context.strokeRect(left + 1, top + 1, Math.max(1, length - 2), Math.max(1, tall - 2));
  }
  if (lane >= 8) {
    context.fillStyle = style.getPropertyValue('--jp-ui-font-color2');
    context.font = `10px ${style.fontFamily}`;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    timeline.agents.forEach((agent, laneIndex) =>
      context.fillText(String(agent), LEFT - 6, (laneIndex + 0.5) * lane - gap / 2)
    );
  }
}
