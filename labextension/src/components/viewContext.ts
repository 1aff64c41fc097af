/** What a view can learn of the widget that it is in, and tell it. */

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

/** Whether the widget that a view is in can be seen. */
export function useVisible(): boolean {
  const visibility = useContext(VisibilityContext);
  useSignal(visibility.changed);
  return visibility.isVisible;
}

/** Name the widget that a view is in, as soon as the view knows what it shows. */
export function useTitle(label: string, caption: string): void {
  const name = useContext(TitleContext);
  useEffect(() => {
    if (label !== '') {
      name(label, caption);
    }
  }, [name, label, caption]);
}
