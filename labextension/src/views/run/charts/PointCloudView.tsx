/** A point cloud, turned by dragging or with the arrow keys. */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import { useThemeColors } from '../../../charts/theme';
import { usePanelContext } from '../../../components/context';
import { ErrorMessage, Skeleton } from '../../../components/Placeholders';
import { useSize } from '../../../components/useSize';
import type { RunModel } from '../../../models/runModel';
import { useFileText } from '../useFileText';
import { type IOrientation, type IPointCloud, parsePointCloud, project } from './pointCloud';

const START: IOrientation = { yaw: 0.6, pitch: 0.5, zoom: 1 };
const TURN = Math.PI / 24;
const MAX_ZOOM = 20;
/** Beyond that, sorting takes longer than a frame. */
const MAX_SORTED = 30_000;

export function PointCloudView({
  run,
  path,
  name
}: {
  run: RunModel;
  path: string;
  name: string;
}): ReactElement {
  const { trans } = usePanelContext();
  const text = useFileText(run, path);
  const cloud = useMemo(() => (typeof text === 'string' ? parsePointCloud(text) : null), [text]);
  if (text === null) {
    return <Skeleton lines={4} />;
  }
  return cloud === null ? (
    <ErrorMessage
      message={text instanceof Error ? text.message : trans.__('%1 has no points.', path)}
    />
  ) : (
    <CloudCanvas cloud={cloud} name={name} />
  );
}

function CloudCanvas({ cloud, name }: { cloud: IPointCloud; name: string }): ReactElement {
  const { trans } = usePanelContext();
  const theme = useThemeColors();
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = useSize(frame);
  const [orientation, setOrientation] = useState(START);
  const drag = useRef<{ x: number; y: number } | null>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || width === 0) {
      return;
    }
    const ratio = window.devicePixelRatio;
    context.canvas.width = width * ratio;
    context.canvas.height = height * ratio;
    context.scale(ratio, ratio);
    context.translate(width / 2, height / 2);
    draw(context, cloud, orientation, Math.min(width, height) / 2, theme.brand);
  }, [cloud, orientation, width, height, theme]);

  const turn = (yaw: number, pitch: number) =>
    setOrientation(({ zoom, ...angles }) => ({
      yaw: angles.yaw + yaw,
      pitch: Math.max(-Math.PI / 2, Math.min(Math.PI / 2, angles.pitch + pitch)),
      zoom
    }));
  const enlarge = (factor: number) =>
    setOrientation(({ zoom, ...angles }) => ({
      ...angles,
      zoom: Math.max(1 / MAX_ZOOM, Math.min(MAX_ZOOM, zoom * factor))
    }));
  const onKeyDown = (event: KeyboardEvent) => {
    const actions: Record<string, () => void> = {
      ArrowLeft: () => turn(-TURN, 0),
      ArrowRight: () => turn(TURN, 0),
      ArrowUp: () => turn(0, TURN),
      ArrowDown: () => turn(0, -TURN),
      '+': () => enlarge(1.25),
      '-': () => enlarge(0.8),
      Home: () => setOrientation(START)
    };
    if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  };
  const onPointerMove = ({ clientX: x, clientY: y }: PointerEvent) => {
    if (drag.current !== null) {
      turn((x - drag.current.x) / 100, (y - drag.current.y) / 100);
      drag.current = { x, y };
    }
  };
  const count = cloud.positions.length / 3;
  const turned = ((toDegrees(orientation.yaw) % 360) + 360) % 360;
  const tilted = toDegrees(orientation.pitch);
  return (
    <figure className="jp-wm-PointCloud">
      <div
        ref={frame}
        className="jp-wm-PointCloud-frame"
        role="slider"
        tabIndex={0}
        aria-label={trans.__('Point cloud %1', name)}
        aria-valuemin={0}
        aria-valuemax={359}
        aria-valuenow={turned}
        aria-valuetext={trans.__('turned by %1°, tilted by %2°', turned, tilted)}
        onKeyDown={onKeyDown}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY };
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => (drag.current = null)}
        onPointerCancel={() => (drag.current = null)}
      >
        <canvas ref={canvas} aria-hidden="true" />
      </div>
      <figcaption>
        {trans._n('%1 point', '%1 points', count)} ·{' '}
        {trans.__('drag or use the arrow keys to turn, + and − to zoom')}
      </figcaption>
    </figure>
  );
}

function toDegrees(radians: number): number {
  return Math.round((radians * 180) / Math.PI);
}

/** Draw around the origin: the points behind first, then the boxes. */
function draw(
  context: CanvasRenderingContext2D,
  { positions, colors, segments }: IPointCloud,
  orientation: IOrientation,
  radius: number,
  defaultColor: string
): void {
  const points = colors.map((color, index) => {
    const [x, y, z] = [0, 1, 2].map(axis => positions[3 * index + axis]);
    const [right, down, near] = project([x, y, z], orientation);
    return { right, down, near, color: color || defaultColor };
  });
  if (points.length <= MAX_SORTED) {
    points.sort((one, other) => one.near - other.near);
  }
  const size = points.length > 2000 ? 1.5 : 3;
  for (const { right, down, near, color } of points) {
    // What is behind is paler, so that one sees which way the cloud turns.
    context.globalAlpha = 0.65 + 0.35 * near;
    context.fillStyle = color;
    context.fillRect(right * radius - size / 2, down * radius - size / 2, size, size);
  }
  context.globalAlpha = 1;
  for (const { from, to, color } of segments) {
    const [start, end] = [project(from, orientation), project(to, orientation)];
    context.strokeStyle = color || defaultColor;
    context.beginPath();
    context.moveTo(start[0] * radius, start[1] * radius);
    context.lineTo(end[0] * radius, end[1] * radius);
    context.stroke();
  }
}
