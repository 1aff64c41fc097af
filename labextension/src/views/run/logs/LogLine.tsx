/** One line that a run printed. Its content is always shown as text. */

import { memo, type ReactElement } from 'react';

import { parseAnsiLine } from './ansi';
import { highlightMatches } from './highlight';

export const LogLine = memo(function Line({
  number,
  text,
  query,
  current
}: {
  number: number;
  /** Undefined while the line is loading. */
  text: string | undefined;
  /** The search text; empty if there is none. */
  query: string;
  /** Whether it is the current match. */
  current: boolean;
}): ReactElement {
  const spans = text === undefined ? [] : highlightMatches(parseAnsiLine(text), query);
  return (
    <div className="jp-wm-LogLine" data-line={number} data-current={current || undefined}>
      {/* A number that is not text is not copied along. */}
      <span className="jp-wm-LogLine-number" data-number={number + 1} aria-hidden="true" />
      <pre>
        {spans.length === 0 && <br />}
        {spans.map(({ text: part, style, mark }, index) => {
          const props = {
            className: style.classes || undefined,
            style:
              style.color || style.background
                ? { color: style.color, backgroundColor: style.background }
                : undefined
          };
          return mark ? (
            <mark key={index} {...props}>
              {part}
            </mark>
          ) : (
            <span key={index} {...props}>
              {part}
            </span>
          );
        })}
      </pre>
    </div>
  );
});
