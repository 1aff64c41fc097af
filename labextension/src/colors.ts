/** A run's color, the same everywhere: Okabe and Ito's palette first, then hue by hue. */

// Okabe, Ito: Color Universal Design (2008); black is left to the text, yellow is too pale on white.
const PALETTE = ['#0072b2', '#e69f00', '#009e73', '#d55e00', '#cc79a7', '#56b4e9', '#8a7a00'];
const GOLDEN_ANGLE = 137.508;

/** The color of the run with this number (from 0). */
export function runColor(number: number): string {
  if (number < PALETTE.length) {
    return PALETTE[number];
  }
  const index = number - PALETTE.length;
  return `hsl(${((index * GOLDEN_ANGLE) % 360).toFixed(1)}, 62%, ${index % 2 ? 42 : 54}%)`;
}
