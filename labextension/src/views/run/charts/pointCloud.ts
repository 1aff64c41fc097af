/** Point clouds in W&B's `.pts.json`: parsed, rotated and projected. Pure. */

import { runColor } from '../../../colors';

const MAX_POINTS = 300_000; // W&B's own limit

/** Points and boxes, moved and scaled into the unit sphere; three numbers each. */
export interface IPointCloud {
  positions: Float32Array;
  /** A CSS color of each point; empty for the default. */
  colors: readonly string[];
  segments: readonly { from: Vector; to: Vector; color: string }[];
}

export type Vector = readonly [number, number, number];

/** The direction from which a cloud is seen, in radians, and how large. */
export interface IOrientation {
  yaw: number;
  pitch: number;
  zoom: number;
}

/** A point as the canvas has it: right, down, and towards the viewer, within −1 and 1. */
export function project([x, y, z]: Vector, { yaw, pitch, zoom }: IOrientation): Vector {
  const [sinYaw, cosYaw, sinPitch, cosPitch] = [
    Math.sin(yaw),
    Math.cos(yaw),
    Math.sin(pitch),
    Math.cos(pitch)
  ];
  const right = x * cosYaw + y * sinYaw;
  const away = y * cosYaw - x * sinYaw;
  const up = z * cosPitch + away * sinPitch;
  return [right * zoom, -up * zoom, z * sinPitch - away * cosPitch];
}

/** The cloud in a file; null if the file has none. */
export function parsePointCloud(json: string): IPointCloud | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  const scene = isObject(parsed) ? parsed : { points: parsed };
  if (!Array.isArray(scene.points)) {
    return null;
  }
  const points = scene.points.filter(isPoint).slice(0, MAX_POINTS);
  const boxes = asList(scene.boxes).flatMap(box => {
    const corners = isObject(box) ? asList(box.corners).filter(isPoint) : [];
    const color = isObject(box) ? rgb(asList(box.color)) : '';
    return corners.length === 8 ? [{ corners, color }] : [];
  });
  const all = [...points, ...boxes.flatMap(({ corners }) => corners)];
  if (all.length === 0) {
    return null;
  }
  const place = fit(all);
  const positions = new Float32Array(3 * points.length);
  points.forEach((point, index) => positions.set(place(point), 3 * index));
  return {
    positions,
    colors: points.map(pointColor),
    segments: boxes.flatMap(({ corners, color }) =>
      boxEdges(corners).map(([from, to]) => ({
        from: place(corners[from]),
        to: place(corners[to]),
        color
      }))
    )
  };
}

/**
 * The pairs of corners between which a box has an edge, whatever their order. Three corners next to
 * the first one span the box: all others are sums of these three steps. None if they form no box.
 */
function boxEdges(corners: readonly (readonly number[])[]): [number, number][] {
  const [origin, ...others] = corners;
  const steps = others.map(corner =>
    corner.slice(0, 3).map((value, axis) => value - origin[axis])
  );
  const size = Math.max(...steps.flat().map(Math.abs));
  const isSame = (one: readonly number[], other: readonly number[]) =>
    one.every((value, axis) => Math.abs(value - other[axis]) <= 1e-4 * size);
  const sum = (...vectors: readonly number[][]) =>
    [0, 1, 2].map(axis => vectors.reduce((total, vector) => total + vector[axis], 0));
  for (let i = 0; i < 7; i++) {
    for (let j = i + 1; j < 7; j++) {
      for (let k = j + 1; k < 7; k++) {
        const [a, b, c] = [steps[i], steps[j], steps[k]];
        const sums = [sum(a, b), sum(a, c), sum(b, c), sum(a, b, c)];
        if (sums.every(expected => steps.some(step => isSame(step, expected)))) {
          const edge = (from: number, to: number) => {
            const step = sum(
              corners[to].slice(0, 3),
              corners[from].map(value => -value)
            );
            return [a, b, c].some(side => isSame(side, step));
          };
          return corners.flatMap((_, from) =>
            corners.flatMap((_, to): [number, number][] => (edge(from, to) ? [[from, to]] : []))
          );
        }
      }
    }
  }
  return [];
}

/** The fourth number is a category, or the fourth to sixth are red, green and blue. */
function pointColor(point: readonly number[]): string {
  return point.length >= 6 ? rgb(point.slice(3, 6)) : point.length === 4 ? runColor(point[3]) : '';
}

function rgb(values: readonly unknown[]): string {
  const numbers = values.map(Number);
  return numbers.length === 3 && numbers.every(value => value >= 0 && value <= 255)
    ? `rgb(${numbers.map(Math.round).join(', ')})`
    : '';
}

/** Return the function that moves points around the origin, and to a distance of at most 1. */
function fit(points: readonly (readonly number[])[]): (point: readonly number[]) => Vector {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const point of points) {
    for (let axis = 0; axis < 3; axis++) {
      low[axis] = Math.min(low[axis], point[axis]);
      high[axis] = Math.max(high[axis], point[axis]);
    }
  }
  const middle = low.map((value, axis) => (value + high[axis]) / 2);
  const radius = Math.hypot(...low.map((value, axis) => (high[axis] - value) / 2)) || 1;
  return point => [
    (point[0] - middle[0]) / radius,
    (point[1] - middle[1]) / radius,
    (point[2] - middle[2]) / radius
  ];
}

function isPoint(value: unknown): value is number[] {
  return Array.isArray(value) && value.length >= 3 && value.every(each => Number.isFinite(each));
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
