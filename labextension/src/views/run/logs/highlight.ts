/** Finds a search text in a line. Pure. */

import type { ISpan } from './ansi';

/** The ranges of a text at which a query occurs, ignoring case. */
export function matchRanges(text: string, query: string): [number, number][] {
  const ranges: [number, number][] = [];
  let [haystack, needle] = [text.toLowerCase(), query.toLowerCase()];
  if (haystack.length !== text.length) {
    // In some languages the lower case of a letter has a different length.
    [haystack, needle] = [text, query];
  }
  for (
    let index = haystack.indexOf(needle);
    index >= 0 && needle !== '';
    index = haystack.indexOf(needle, index)
  ) {
    ranges.push([index, index + needle.length]);
    index += needle.length;
  }
  return ranges;
}

/** The same spans, split where a match starts and ends. */
export function highlightMatches(
  spans: readonly ISpan[],
  query: string
): (ISpan & { mark: boolean })[] {
  const ranges = matchRanges(spans.map(span => span.text).join(''), query);
  const parts: (ISpan & { mark: boolean })[] = [];
  let start = 0;
  for (const { text, style } of spans) {
    const end = start + text.length;
    let position = start;
    for (const [from, to] of ranges) {
      const [first, last] = [Math.max(position, from), Math.min(end, to)];
      if (first < last) {
        if (position < first) {
          parts.push({ text: text.slice(position - start, first - start), style, mark: false });
        }
        parts.push({ text: text.slice(first - start, last - start), style, mark: true });
        position = last;
      }
    }
    if (position < end) {
      parts.push({ text: text.slice(position - start), style, mark: false });
    }
    start = end;
  }
  return parts;
}
