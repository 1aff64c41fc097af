/** The widget around a view: whether it is visible, and its title. */

import { Signal } from '@lumino/signaling';
import { createContext, useContext, useEffect } from 'react';

import { useSignal } from './useSignal';

/** Whether a view is visible; views follow topics only while they are. */
export class Visibility {
  readonly changed = new Signal<this, void>(this);
  isVisible = false;

  set(visible: boolean): void {
    if (visible !== this.isVisible) {
      this.isVisible = visible;
      this.changed.emit();
    }
  }
}

export const VisibilityContext = createContext(new Visibility());
export const TitleContext = createContext<(label: string, caption: string) => void>(
  () => undefined
);

/** Whether the widget around a view is visible. */
export function useVisible(): boolean {
  const visibility = useContext(VisibilityContext);
  useSignal(visibility.changed);
  return visibility.isVisible;
}

/** Set the title of the widget around a view, once the view knows what it shows. */
export function useTitle(label: string, caption: string): void {
  const name = useContext(TitleContext);
  useEffect(() => {
    if (label !== '') {
      name(label, caption);
    }
  }, [name, label, caption]);
}
