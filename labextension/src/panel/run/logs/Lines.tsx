/**
 * The lines that can be seen, of millions.
 *
 * The line at the upper edge is what holds the view: lines that come at the end, or turn out to be
 * higher when they are wrapped, do not move it. The scrollbar is the browser's own, and only stands
 * for where that is.
 */

import {
  type CSSProperties,
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useReducer,
  useRef
} from 'react';

import { useLab, useSignal } from '../../../lab';
import type { LogModel } from '../../../log';
import { useSize } from '../../../parts/useSize';
import { Line } from './Line';
import { LinesView } from './linesView';
import { LINE_HEIGHT, tallness, windowOf } from './scroll';

/** Lines rendered beyond the edges, so that a turn of the wheel knows how high they are. */
const MORE = 30;

export function Lines({ log, wrap }: { log: LogModel; wrap: boolean }): ReactElement {
  const { trans } = useLab();
  const own = useRef<HTMLDivElement>(null);
  const block = useRef<HTMLDivElement>(null);
  const size = useSize(own);
  useSignal(log.changed, log.search.changed);
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    log.moved.connect(render);
    return () => void log.moved.disconnect(render);
  }, [log]);
  const { place, search, total } = log;
  const { height } = size;
  const extent = { total, height };
  const [first, end] = windowOf(place, extent, MORE);
  const view = useRef<LinesView>(new LinesView());
  useLayoutEffect(() => {
    view.current.settle(own.current, block.current, { log, first, height });
  });
  useEffect(() => {
    if (height > 0) {
      log.want(first, end);
    }
  }, [log, first, end, total, height]);
  useEffect(() => view.current.listen(own.current), []);

  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(LINE_HEIGHT, height - 2 * LINE_HEIGHT);
    const moves: Record<string, number> = {
      ArrowDown: LINE_HEIGHT,
      ArrowUp: -LINE_HEIGHT,
      PageDown: page,
      PageUp: -page,
      ' ': event.shiftKey ? -page : page
    };
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in moves) {
      view.current.move(moves[event.key]);
    } else if (event.key === 'Home') {
      log.move({ line: 0, part: 0 });
    } else if (event.key === 'End') {
      log.move(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    // What scrolls must be reached by the keyboard, and its keys are those of any text.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={own}
      className="jp-wm-LogLines"
      data-wrap={wrap || undefined}
      role="region"
      aria-label={trans.__('Output of the run')}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: tallness(extent) }}>
        <div className="jp-wm-LogWindow" style={{ height }}>
          <div
            ref={block}
            className="jp-wm-LogBlock jp-RenderedText"
            style={{ '--jp-wm-digits': `${String(total).length}ch` } as CSSProperties}
          >
            {Array.from({ length: Math.max(0, end - first) }, (_, index) => (
              <Line
                key={first + index}
                number={first + index}
                text={log.line(first + index)}
                wanted={search.text}
                current={search.line === first + index}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}
