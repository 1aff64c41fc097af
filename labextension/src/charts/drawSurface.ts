/** Draws a surface in steps of color, so that their edges are contour lines. */

import { type ISurface, sampleSurface } from './interpolation';
import type { IPlotArea } from './plotArea';
import { objectiveColor, type Rgb } from './palette';
import type { IThemeColors } from './theme';

/** Steps from the worst to the best. */
export const LEVELS = 10;
/** Pixels (per side) that share one sample of the surface. */
const PIXEL_SIZE = 2;
const MAX_OPACITY = 0.8;

export function drawSurface(
  context: CanvasRenderingContext2D,
  area: IPlotArea,
  surface: ISurface,
  isContinuous: { x: boolean; y: boolean },
  colors: IThemeColors
): void {
  const { left, right, top, bottom } = area;
  const width = Math.max(1, Math.round((right - left) / PIXEL_SIZE));
  const height = Math.max(1, Math.round((bottom - top) / PIXEL_SIZE));
  const image = new ImageData(width, height);
  const steps: readonly Rgb[] = Array.from({ length: LEVELS }, (_, level) =>
    objectiveColor(level / (LEVELS - 1), colors.isDark)
  );
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const position = { x: (column + 0.5) / width, y: 1 - (row + 0.5) / height };
      const { value, trust } = sampleSurface(surface, position.x, position.y, isContinuous);
      const level = Math.min(LEVELS - 1, Math.max(0, Math.floor(value * LEVELS)));
      const pixel = 4 * (row * width + column);
      image.data.set(steps[level], pixel);
      image.data[pixel + 3] = 255 * MAX_OPACITY * trust;
    }
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  context.drawImage(canvas, left, top, right - left, bottom - top);
}
