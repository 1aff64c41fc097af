/** Renders again when the theme changes, because drawings read their colors from the page. */

import { useSyncExternalStore } from 'react';

const subscribe = (slot: () => void): (() => void) => {
  const observer = new MutationObserver(slot);
  observer.observe(document.body, { attributeFilter: ['data-jp-theme-name'] });
  return () => observer.disconnect();
};

/** The name of JupyterLab's theme. */
export function useTheme(): string {
  return useSyncExternalStore(subscribe, () => document.body.dataset.jpThemeName ?? '');
}
