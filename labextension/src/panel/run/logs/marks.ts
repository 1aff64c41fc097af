/** Where a text that is looked for stands in a line. Pure. */

import type { ISpan } from './ansi';

/** From where to where a text is in another one, whatever its case. */
export function rangesOf(text: string, wanted: string): [number, number][] {
  const found: [number, number][] = [];
  let [where, what] = [text.toLowerCase(), wanted.toLowerCase()];
  if (where.length !== text.length) {
    // In some languages a capital and its small letter differ in length.
    [where, what] = [text, wanted];
  }
  for (let at = where.indexOf(what); at >= 0 && what !== ''; at = where.indexOf(what, at)) {
    found.push([at, at + what.length]);
    at += what.length;
  }
  return found;
}

/** The same spans cut where a found text begins and ends. */
export function marked(spans: readonly ISpan[], wanted: string): (ISpan & { mark: boolean })[] {
  const ranges = rangesOf(spans.map(span => span.text).join(''), wanted);
  const cut: (ISpan & { mark: boolean })[] = [];
  let start = 0;
  for (const { text, style } of spans) {
    const end = start + text.length;
    let at = start;
    for (const [from, to] of ranges) {
      const [first, last] = [Math.max(at, from), Math.min(end, to)];
      if (first < last) {
        if (at < first) {
          cut.push({ text: text.slice(at - start, first - start), style, mark: false });
        }
        cut.push({ text: text.slice(first - start, last - start), style, mark: true });
        at = last;
      }
    }
    if (at < end) {
      cut.push({ text: text.slice(at - start), style, mark: false });
    }
    start = end;
  }
  return cut;
}
