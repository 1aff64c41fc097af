/**
 * A popover beside the button that opens it.
 *
 * The browser shows it above everything else, and closes it on Escape and on a click outside; this
 * component positions it and restores the focus.
 */

import { type ReactElement, type ReactNode, type RefObject, useEffect, useRef } from 'react';

const MARGIN = 4;

export function Popover({
  anchor,
  label,
  onClose,
  children
}: {
  anchor: RefObject<HTMLElement | null> | HTMLElement;
  label: string;
  onClose: () => void;
  children: ReactNode;
}): ReactElement {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const popover = ref.current;
    const anchorElement = anchor instanceof HTMLElement ? anchor : anchor.current;
    if (popover === null) {
      return;
    }
    const previousFocus = document.activeElement;
    const onToggle = (event: Event) => {
      if ((event as ToggleEvent).newState === 'closed') {
        close.current();
      }
    };
    popover.addEventListener('toggle', onToggle);
    popover.popover = 'auto';
    popover.showPopover();
    if (anchorElement !== null) {
      positionPopover(popover, anchorElement.getBoundingClientRect());
    }
    popover.querySelector<HTMLElement>('input, button, select, [tabindex]')?.focus();
    // With `popoverTargetElement`, the browser lets a second click on the button close the popover;
    // the first click must not count as that.
    const opener = anchorElement instanceof HTMLButtonElement ? anchorElement : null;
    const timer = window.setTimeout(() => {
      if (opener !== null) {
        opener.popoverTargetElement = popover;
      }
    });
    return () => {
      window.clearTimeout(timer);
      if (opener !== null) {
        opener.popoverTargetElement = null;
      }
      popover.removeEventListener('toggle', onToggle);
      if (popover.contains(document.activeElement) && previousFocus instanceof HTMLElement) {
        previousFocus.focus();
      }
    };
  }, [anchor]);
  return (
    <div ref={ref} className="jp-wm-Popover" role="dialog" aria-label={label}>
      {children}
    </div>
  );
}

/**
 * Place it below the anchor and within the window, or above the anchor if there is no room below.
 */
function positionPopover(popover: HTMLElement, anchor: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = popover;
  const left = Math.max(MARGIN, Math.min(anchor.left, window.innerWidth - width - MARGIN));
  const below = anchor.bottom + 2;
  const fits = below + height + MARGIN <= window.innerHeight;
  const top = fits ? below : Math.max(MARGIN, anchor.top - height - 2);
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
}
