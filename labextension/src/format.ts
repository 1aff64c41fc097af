/** Formats numbers, durations, times and sizes: the same value looks the same everywhere. Pure. */

/** A value in a column or a table. */
export type Cell = number | string | boolean | null;

export const MISSING = '–';

/** How a parameter whose value is None is shown, which is not a missing one. */
export const NONE = 'None';

/** A number with its significant digits, 4 by default. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) {
    return MISSING;
  }
  if (!Number.isFinite(value)) {
    return String(value);
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e6) {
    return String(value);
  }
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) {
    return value
      .toExponential(digits - 1)
      .replace(/\.?(?<!0)0+e/, 'e')
      .replace('e+', 'e');
  }
  return String(Number(value.toPrecision(digits)));
}

/** The number of significant digits that distinguishes the values of a column: 3 to 6. */
export function digitsFor(low: number, high: number): number {
  const size = Math.max(Math.abs(low), Math.abs(high));
  const spread = high - low;
  if (!(spread > 0) || !Number.isFinite(size)) {
    return 4;
  }
  return Math.min(6, Math.max(3, Math.ceil(Math.log10(size / spread)) + 3));
}

/** Format any value of a column. */
export function formatCell(value: Cell, digits?: number): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'boolean'
      ? String(value)
      : formatNumber(value, digits);
}

/** `42 s`, `3 m 12 s`, `5 h 4 m`. */
export function formatDuration(seconds: number | null): string {
  if (seconds === null) {
    return MISSING;
  }
  const whole = Math.round(seconds);
  if (seconds < 10 && seconds !== whole) {
    return `${seconds.toFixed(1)} s`;
  }
  if (whole < 60) {
    return `${whole} s`;
  }
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes} m ${whole % 60} s`;
  }
  return minutes < 48 * 60
    ? `${Math.floor(minutes / 60)} h ${minutes % 60} m`
    : `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `12 s ago`, relative to now, in the page's language. */
export function formatAgo(time: number, now = Date.now() / 1000): string {
  const relative = new Intl.RelativeTimeFormat(undefined, { style: 'short' });
  const seconds = time - now;
  for (const [unit, size] of [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60]
  ] as const) {
    if (Math.abs(seconds) >= size) {
      return relative.format(Math.round(seconds / size), unit);
    }
  }
  return relative.format(Math.round(seconds), 'second');
}

/** Date and time in the page's language. */
export function formatTime(time: number): string {
  return new Date(time * 1000).toLocaleString();
}

/** `12 B`, `3.4 KiB`, `120 MiB`. */
export function formatSize(octets: number): string {
  let value = octets;
  let unit = 'B';
  for (const larger of ['KiB', 'MiB', 'GiB', 'TiB']) {
    if (value < 1024) {
      break;
    }
    value /= 1024;
    unit = larger;
  }
  return unit === 'B' || value >= 100
    ? `${value.toFixed(0)} ${unit}`
    : `${value.toFixed(1)} ${unit}`;
}
