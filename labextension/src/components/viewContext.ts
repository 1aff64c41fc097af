/** The widget around a view: whether it is visible, its title and its open tab. */

import { Signal } from '@lumino/signaling';
import { createContext, useContext, useEffect } from 'react';

import { ViewTab } from '../models/viewTab';
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

export const ViewTabContext = createContext(new ViewTab());

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

/** Report the open tab of a view, and open the one that a link asks for. */
export function useViewTab(open: string, onOpen: (name: string) => void): void {
  const tab = useContext(ViewTabContext);
  useSignal(tab.changed);
  const { requested } = tab;
  useEffect(() => {
    if (requested !== null && tab.take() !== null && requested !== open) {
      onOpen(requested);
    } else {
      tab.set(open);
    }
  });
}
