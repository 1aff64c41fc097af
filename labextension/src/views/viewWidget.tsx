/** A Lumino widget around a React view, which learns whether it is visible. */

import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { createContext, type ReactElement, useContext, useEffect } from 'react';

import { type IPanelContext, PanelContextProvider, useSignal } from '../components/context';

/** Whether a view is visible; views follow topics only while they are. */
class Visibility {
  readonly changed = new Signal<this, void>(this);
  isVisible = false;

  set(visible: boolean): void {
    if (visible !== this.isVisible) {
      this.isVisible = visible;
      this.changed.emit();
    }
  }
}

const VisibilityContext = createContext(new Visibility());
const TitleContext = createContext<(label: string, caption: string) => void>(() => undefined);

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

/** What a view is about; ids. */
export interface ITarget {
  sweep?: string;
  run?: string;
}

export class ViewWidget extends ReactWidget {
  constructor(
    private readonly _panelContext: IPanelContext,
    private readonly _view: ReactElement,
    readonly target: ITarget = {}
  ) {
    super();
    this.addClass('jp-wm-View');
  }

  protected override render(): ReactElement {
    return (
      <PanelContextProvider value={this._panelContext}>
        <TitleContext.Provider value={this._setTitle}>
          <VisibilityContext.Provider value={this._visibility}>
            {this._view}
          </VisibilityContext.Provider>
        </TitleContext.Provider>
      </PanelContextProvider>
    );
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._visibility.set(this.isVisible);
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._visibility.set(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._visibility.set(false);
  }

  protected override onBeforeDetach(message: Message): void {
    this._visibility.set(false);
    super.onBeforeDetach(message);
  }

  private readonly _setTitle = (label: string, caption: string): void => {
    this.title.label = label;
    this.title.caption = caption;
  };

  private readonly _visibility = new Visibility();
}
