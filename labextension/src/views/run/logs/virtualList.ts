/**
 * Positions the rendered lines of an output, and turns user input into scroll positions.
 *
 * It only measures and moves; React renders.
 */

import type { IScrollPosition, LogModel } from '../../../models/logModel';
import { LINE_HEIGHT, positionAt, scrollTopOf } from './scrollMapping';

export interface IRenderedLines {
  log: LogModel;
  /** The first rendered line. */
  first: number;
  height: number;
}

export class VirtualList {
  /** After a rendering: align the topmost line, and move the scrollbar accordingly. */
  layout(scroller: HTMLElement | null, block: HTMLElement | null, rendered: IRenderedLines): void {
    this._scroller = scroller;
    this._block = block;
    this._rendered = rendered;
    const { log, first, height } = rendered;
    if (scroller === null || block === null || height === 0) {
      return;
    }
    const lowest = Math.min(0, height - block.offsetHeight);
    const line =
      log.scrollPosition &&
      (block.children[log.scrollPosition.line - first] as HTMLElement | undefined);
    this._offset =
      log.scrollPosition === null || !line
        ? lowest
        : Math.max(lowest, -(line.offsetTop + log.scrollPosition.fraction * line.offsetHeight));
    block.style.transform = `translateY(${this._offset}px)`;
    const scroll = scrollTopOf(log.scrollPosition, { total: log.total, height });
    if (Math.abs(scroller.scrollTop - scroll) > 1) {
      scroller.scrollTop = scroll;
    }
    this._scrollTop = scroller.scrollTop;
  }

  listen(scroller: HTMLElement | null): () => void {
    if (scroller === null) {
      return () => undefined;
    }
    scroller.addEventListener('wheel', this._onWheel, { passive: false });
    scroller.addEventListener('scroll', this._onScroll, { passive: true });
    document.addEventListener('selectionchange', this._onSelection);
    return () => {
      scroller.removeEventListener('wheel', this._onWheel);
      scroller.removeEventListener('scroll', this._onScroll);
      document.removeEventListener('selectionchange', this._onSelection);
      cancelAnimationFrame(this._frame);
    };
  }

  /** Scroll down by this many pixels of lines; up if negative. */
  scrollBy(by: number): void {
    const { _rendered: rendered, _block: block } = this;
    if (rendered === null || block === null) {
      return;
    }
    const { log, first, height } = rendered;
    const lowest = height - block.offsetHeight;
    const isLast = first + block.children.length >= log.total;
    if (isLast && first === 0 && lowest >= 0) {
      return; // all can be seen
    }
    if (isLast && by > 0 && this._offset - by <= lowest) {
      log.scrollTo(null);
      return;
    }
    log.scrollTo(this._positionAt(by - this._offset, block, first));
  }

  /**
   * The position at a height within the rendered lines; beyond them, lines are assumed not to wrap.
   */
  private _positionAt(top: number, block: HTMLElement, first: number): IScrollPosition {
    const overshoot = top < 0 ? top : top - block.offsetHeight;
    if (top < 0 || overshoot >= 0) {
      const exactLine =
        (top < 0 ? first : first + block.children.length) + overshoot / LINE_HEIGHT;
      const line = Math.max(0, Math.floor(exactLine));
      return { line, fraction: Math.max(0, exactLine - line) };
    }
    let [low, high] = [0, block.children.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((block.children[middle] as HTMLElement).offsetTop <= top) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const line = block.children[low] as HTMLElement;
    return {
      line: first + low,
      fraction: (top - line.offsetTop) / Math.max(1, line.offsetHeight)
    };
  }

  private readonly _onWheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      return;
    }
    event.preventDefault();
    const unit = [1, LINE_HEIGHT, this._rendered?.height ?? 0][event.deltaMode];
    this._wheelDelta += event.deltaY * unit;
    // Wheel events may arrive faster than lines can be rendered.
    this._frame ||= requestAnimationFrame(() => {
      const by = this._wheelDelta;
      this._frame = 0;
      this._wheelDelta = 0;
      this.scrollBy(by);
    });
  };

  /** The user has dragged the scrollbar, unless it is where it was set. */
  private readonly _onScroll = (): void => {
    const { _scroller: scroller, _rendered: rendered } = this;
    if (
      scroller !== null &&
      rendered !== null &&
      Math.abs(scroller.scrollTop - this._scrollTop) > 1
    ) {
      this._scrollTop = scroller.scrollTop;
      const { log, height } = rendered;
      log.scrollTo(positionAt(scroller.scrollTop, { total: log.total, height }));
    }
  };

  /** Keep lines in the DOM while text is being selected. */
  private readonly _onSelection = (): void => {
    const { _block: block, _rendered: rendered } = this;
    const selection = document.getSelection();
    if (block === null || rendered?.log.scrollPosition !== null || selection === null) {
      return;
    }
    if (!selection.isCollapsed && block.contains(selection.anchorNode)) {
      rendered.log.scrollTo(this._positionAt(-this._offset, block, rendered.first));
    }
  };

  private _block: HTMLElement | null = null;
  private _frame = 0;
  private _scroller: HTMLElement | null = null;
  private _rendered: IRenderedLines | null = null;
  private _scrollTop = 0;
  private _offset = 0;
  private _wheelDelta = 0;
}
