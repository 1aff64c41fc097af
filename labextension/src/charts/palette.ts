/**
 * Colors for numbers: viridis, which increases evenly in lightness and works for all kinds of color
 * vision. Better values have more contrast: dark on a light page, bright on a dark one. Pure.
 */

// Nine even steps of matplotlib's viridis (van der Walt and Smith, 2015; CC0).
const VIRIDIS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37]
] as const;

/** Ends of the palette that have too little contrast with the page are cut off. */
const LIGHT = { worst: 0.92, best: 0 };
const DARK = { worst: 0.22, best: 1 };

export type Rgb = readonly [number, number, number];

/** The color of a value from 0 (worst) to 1 (best). */
export function objectiveColor(position: number, dark: boolean): Rgb {
  const { worst, best } = dark ? DARK : LIGHT;
  return viridis(worst + Math.min(1, Math.max(0, position)) * (best - worst));
}

export function toCss([red, green, blue]: Rgb, alpha = 1): string {
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
}

function viridis(position: number): Rgb {
  const scaled = position * (VIRIDIS.length - 1);
  const index = Math.min(VIRIDIS.length - 2, Math.floor(scaled));
  const [from, to] = [VIRIDIS[index], VIRIDIS[index + 1]];
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(from[channel] + (scaled - index) * (to[channel] - from[channel]));
  return [mix(0), mix(1), mix(2)];
}
