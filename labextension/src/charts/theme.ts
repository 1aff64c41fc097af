/** The colors of JupyterLab's theme, for drawing on a canvas. */

import { useMemo } from 'react';

import { useTheme } from '../components/useTheme';

export interface IThemeColors {
  theme: string;
  background: string;
  text: string;
  muted: string;
  brand: string;
  font: string;
  isDark: boolean;
  /** Read any other CSS variable of the theme. */
  read: (name: string) => string;
}

/** The colors of the current theme; updated when the theme changes. */
export function useThemeColors(): IThemeColors {
  const theme = useTheme();
  return useMemo(() => readThemeColors(theme), [theme]);
}

/** The page has the variables of only one theme at a time. */
function readThemeColors(theme: string): IThemeColors {
  const style = getComputedStyle(document.body);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    theme,
    background: read('--jp-layout-color1'),
    text: read('--jp-ui-font-color1'),
    muted: read('--jp-ui-font-color2'),
    brand: read('--jp-brand-color1'),
    font: `11px ${read('--jp-ui-font-family')}`,
    isDark: document.body.dataset.jpThemeLight === 'false',
    read
  };
}
