/**
 * The visible lines, out of millions.
 *
 * The view is anchored at its topmost line: lines that are added at the end, or turn out to be
 * higher because they wrap, do not move it. The scrollbar is the browser's own, and only represents
 * the position.
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

import { usePanelContext } from '../../../components/context';
import { useSignal } from '../../../components/useSignal';
import type { LogModel } from '../../../models/logModel';
import { useSize } from '../../../components/useSize';
import { LogLine } from './LogLine';
import { VirtualList } from './virtualList';
import { LINE_HEIGHT, scrollHeight, visibleRange } from './scrollMapping';

/** Lines rendered beyond the edges, so that their heights are known when the wheel turns. */
const OVERSCAN = 30;

export function LogView({ log, wrap }: { log: LogModel; wrap: boolean }): ReactElement {
  const { trans } = usePanelContext();
  const scroller = useRef<HTMLDivElement>(null);
  const block = useRef<HTMLDivElement>(null);
  const size = useSize(scroller);
  useSignal(log.changed, log.search.changed);
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    log.scrolled.connect(render);
    return () => void log.scrolled.disconnect(render);
  }, [log]);
  const { scrollPosition, search, total } = log;
  const { height } = size;
  const extent = { total, height };
  const [first, end] = visibleRange(scrollPosition, extent, OVERSCAN);
  const view = useRef<VirtualList>(new VirtualList());
  useLayoutEffect(() => {
    view.current.layout(scroller.current, block.current, { log, first, height });
  });
  useEffect(() => {
    if (height > 0) {
      log.ensureLoaded(first, end);
    }
  }, [log, first, end, total, height]);
  useEffect(() => view.current.listen(scroller.current), []);

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
      view.current.scrollBy(moves[event.key]);
    } else if (event.key === 'Home') {
      log.scrollTo({ line: 0, fraction: 0 });
    } else if (event.key === 'End') {
      log.scrollTo(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    // Whatever scrolls must be focusable by the keyboard, and uses the usual keys for text.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      ref={scroller}
      className="jp-wm-LogScroller"
      data-wrap={wrap || undefined}
      role="region"
      aria-label={trans.__('Output of the run')}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div style={{ height: scrollHeight(extent) }}>
        <div className="jp-wm-LogWindow" style={{ height }}>
          <div
            ref={block}
            className="jp-wm-LogBlock jp-RenderedText"
            style={{ '--jp-wm-digits': `${String(total).length}ch` } as CSSProperties}
          >
            {Array.from({ length: Math.max(0, end - first) }, (_, index) => (
              <LogLine
                key={first + index}
                number={first + index}
                text={log.line(first + index)}
                query={search.text}
                current={search.currentLine === first + index}
              />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}
