/** Draws a surface in steps of colour, so that their edges are lines of equal value. */

import { type ISurface, sampled } from './contour';
import type { IFrame } from './frame';
import { goodness, type Rgb } from './palette';
import type { IColours } from './theme';

/** Steps from the worst to the best. */
export const LEVELS = 10;
/** Pixels that share one look at the surface. */
const GRAIN = 2;
const STRONGEST = 0.8;

export function paintSurface(
  context: CanvasRenderingContext2D,
  frame: IFrame,
  surface: ISurface,
  smooth: { x: boolean; y: boolean },
  colours: IColours
): void {
  const { left, right, top, bottom } = frame;
  const width = Math.max(1, Math.round((right - left) / GRAIN));
  const height = Math.max(1, Math.round((bottom - top) / GRAIN));
  const image = new ImageData(width, height);
  const steps: readonly Rgb[] = Array.from({ length: LEVELS }, (_, level) =>
    goodness(level / (LEVELS - 1), colours.dark)
  );
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = { x: (column + 0.5) / width, y: 1 - (row + 0.5) / height };
      const { value, trust } = sampled(surface, at.x, at.y, smooth);
      const level = Math.min(LEVELS - 1, Math.max(0, Math.floor(value * LEVELS)));
      const pixel = 4 * (row * width + column);
      image.data.set(steps[level], pixel);
      image.data[pixel + 3] = 255 * STRONGEST * trust;
    }
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  context.drawImage(canvas, left, top, right - left, bottom - top);
}
