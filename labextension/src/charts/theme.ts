/** The colours of JupyterLab's theme, for what is drawn on a canvas. */

import { useMemo } from 'react';

import { useTheme } from '../parts/useTheme';

export interface IColours {
  theme: string;
  page: string;
  text: string;
  quiet: string;
  brand: string;
  font: string;
  dark: boolean;
  /** Any other variable of the theme. */
  read: (name: string) => string;
}

/** Others when the theme changes. */
export function useColours(): IColours {
  const theme = useTheme();
  return useMemo(() => coloursOf(theme), [theme]);
}

/** The page has the variables of one theme at a time. */
function coloursOf(theme: string): IColours {
  const style = getComputedStyle(document.body);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    theme,
    page: read('--jp-layout-color1'),
    text: read('--jp-ui-font-color1'),
    quiet: read('--jp-ui-font-color2'),
    brand: read('--jp-brand-color1'),
    font: `11px ${read('--jp-ui-font-family')}`,
    dark: document.body.dataset.jpThemeLight === 'false',
    read
  };
}
