/**
 * Puts the rendered lines of an output where they belong, and turns what the hand does into places.
 *
 * It only measures and moves; what is rendered is React's.
 */

import type { IPlace, LogModel } from '../../../log';
import { LINE_HEIGHT, placeOf, scrollOf } from './scroll';

export interface IRendered {
  log: LogModel;
  /** The first line that is rendered. */
  first: number;
  height: number;
}

export class LinesView {
  /** After a rendering: put the line at the upper edge there, and the scrollbar where that is. */
  settle(own: HTMLElement | null, block: HTMLElement | null, rendered: IRendered): void {
    this._own = own;
    this._block = block;
    this._rendered = rendered;
    const { log, first, height } = rendered;
    if (own === null || block === null || height === 0) {
      return;
    }
    const lowest = Math.min(0, height - block.offsetHeight);
    const line = log.place && (block.children[log.place.line - first] as HTMLElement | undefined);
    this._shift =
      log.place === null || !line
        ? lowest
        : Math.max(lowest, -(line.offsetTop + log.place.part * line.offsetHeight));
    block.style.transform = `translateY(${this._shift}px)`;
    const scroll = scrollOf(log.place, { total: log.total, height });
    if (Math.abs(own.scrollTop - scroll) > 1) {
      own.scrollTop = scroll;
    }
    this._scroll = own.scrollTop;
  }

  listen(own: HTMLElement | null): () => void {
    if (own === null) {
      return () => undefined;
    }
    own.addEventListener('wheel', this._onWheel, { passive: false });
    own.addEventListener('scroll', this._onScroll, { passive: true });
    document.addEventListener('selectionchange', this._onSelection);
    return () => {
      own.removeEventListener('wheel', this._onWheel);
      own.removeEventListener('scroll', this._onScroll);
      document.removeEventListener('selectionchange', this._onSelection);
      cancelAnimationFrame(this._frame);
    };
  }

  /** Move down by so many pixels of the lines, or up. */
  move(by: number): void {
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
    if (isLast && by > 0 && this._shift - by <= lowest) {
      log.move(null);
      return;
    }
    log.move(this._placeAt(by - this._shift, block, first));
  }

  /** The place of a height in the rendered lines; beyond them, lines are taken as not wrapped. */
  private _placeAt(top: number, block: HTMLElement, first: number): IPlace {
    const beyond = top < 0 ? top : top - block.offsetHeight;
    if (top < 0 || beyond >= 0) {
      const at = (top < 0 ? first : first + block.children.length) + beyond / LINE_HEIGHT;
      const line = Math.max(0, Math.floor(at));
      return { line, part: Math.max(0, at - line) };
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
    return { line: first + low, part: (top - line.offsetTop) / Math.max(1, line.offsetHeight) };
  }

  private readonly _onWheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      return;
    }
    event.preventDefault();
    const unit = [1, LINE_HEIGHT, this._rendered?.height ?? 0][event.deltaMode];
    this._turned += event.deltaY * unit;
    // Wheels may tell more often than lines can be rendered.
    this._frame ||= requestAnimationFrame(() => {
      const by = this._turned;
      this._frame = 0;
      this._turned = 0;
      this.move(by);
    });
  };

  /** The scrollbar was dragged, unless it is where it was put. */
  private readonly _onScroll = (): void => {
    const { _own: own, _rendered: rendered } = this;
    if (own !== null && rendered !== null && Math.abs(own.scrollTop - this._scroll) > 1) {
      this._scroll = own.scrollTop;
      const { log, height } = rendered;
      log.move(placeOf(own.scrollTop, { total: log.total, height }));
    }
  };

  /** What is being selected must not move away. */
  private readonly _onSelection = (): void => {
    const { _block: block, _rendered: rendered } = this;
    const selection = document.getSelection();
    if (block === null || rendered?.log.place !== null || selection === null) {
      return;
    }
    if (!selection.isCollapsed && block.contains(selection.anchorNode)) {
      rendered.log.move(this._placeAt(-this._shift, block, rendered.first));
    }
  };

  private _block: HTMLElement | null = null;
  private _frame = 0;
  private _own: HTMLElement | null = null;
  private _rendered: IRendered | null = null;
  private _scroll = 0;
  private _shift = 0;
  private _turned = 0;
}
