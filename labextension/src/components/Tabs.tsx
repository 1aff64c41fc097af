/** Tabs with a single tab stop: arrows, Home and End switch between tabs. */

import { type KeyboardEvent, type ReactElement, type ReactNode, useId, useRef } from 'react';

export interface ITab {
  name: string;
  label: string;
}

/** The tabs, the content beside them, and the panel of the open tab, which fills the rest. */
export function Tabs({
  label,
  tabs,
  open,
  onOpen,
  beside,
  children
}: {
  label: string;
  tabs: readonly ITab[];
  open: string;
  onOpen: (name: string) => void;
  beside?: ReactNode;
  children: ReactNode;
}): ReactElement {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const openAt = (index: number) => {
    const next = (index + tabs.length) % tabs.length;
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
    onOpen(tabs[next].name);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const index = tabs.findIndex(tab => tab.name === open);
    const indexByKey: Record<string, number> = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      Home: 0,
      End: -1
    };
    if (event.key in indexByKey) {
      event.preventDefault();
      openAt(indexByKey[event.key]);
    }
  };
  return (
    <>
      <div className="jp-wm-Tabs">
        <div role="tablist" aria-label={label} ref={list} className="jp-wm-Tabs-list">
          {tabs.map(({ name, label: text }) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`${id}-${name}`}
              aria-selected={name === open}
              aria-controls={name === open ? `${id}-panel` : undefined}
              tabIndex={name === open ? 0 : -1}
              className="jp-wm-Tab"
              onClick={() => onOpen(name)}
              onKeyDown={onKeyDown}
            >
              {text}
            </button>
          ))}
        </div>
        {beside}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${open}`}
        className="jp-wm-TabPanel"
      >
        {children}
      </div>
    </>
  );
}
