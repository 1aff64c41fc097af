/**
 * Parameters as texts that a user can edit: JSON, and other texts as they are. Pure.
 *
 * A text that would be read as something else is quoted, so each value is read as what it was.
 */

/** A number as people and YAML also write it: `.5`, `1.`, `+1`. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const WHOLE = /^[+-]?\d+$/;
const WORDS: Readonly<Record<string, unknown>> = { True: true, False: false, None: null };

export function formatParam(value: unknown): string {
  const isPlain =
    typeof value === 'string' &&
    value !== '' &&
    !/[\r\n]/.test(value) &&
    parseParam(value) === value;
  return isPlain ? value : JSON.stringify(value);
}

/**
 * The value of a text; undefined if it begins as JSON and is not, or is a whole number that
 * JavaScript would round.
 */
export function parseParam(text: string): unknown {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) {
    const value = Number(trimmed);
    return WHOLE.test(trimmed) && !Number.isSafeInteger(value) ? undefined : value;
  }
  if (Object.hasOwn(WORDS, trimmed)) {
    return WORDS[trimmed];
  }
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return /^["[{]/.test(trimmed) ? undefined : trimmed;
  }
}
