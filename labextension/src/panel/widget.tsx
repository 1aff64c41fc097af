/** A Lumino widget around a React view, which learns whether it is visible. */

import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { createContext, type ReactElement, useContext, useEffect } from 'react';

import { type ILab, LabProvider, useSignal } from '../lab';

/** Whether a view is visible; views follow topics only while they are. */
class Visibility {
  readonly changed = new Signal<this, void>(this);
  visible = false;

  set(visible: boolean): void {
    if (visible !== this.visible) {
      this.visible = visible;
      this.changed.emit();
    }
  }
}

const Context = createContext(new Visibility());
const NameContext = createContext<(label: string, caption: string) => void>(() => undefined);

/** Whether the widget that a view is in can be seen. */
export function useVisible(): boolean {
  const visibility = useContext(Context);
  useSignal(visibility.changed);
  return visibility.visible;
}

/** Name the widget that a view is in, as soon as the view knows what it shows. */
export function useTitle(label: string, caption: string): void {
  const name = useContext(NameContext);
  useEffect(() => {
    if (label !== '') {
      name(label, caption);
    }
  }, [name, label, caption]);
}

/** What a view is about; ids. */
export interface ISubject {
  sweep?: string;
  run?: string;
}

export class View extends ReactWidget {
  constructor(
    private readonly _lab: ILab,
    private readonly _view: ReactElement,
    readonly subject: ISubject = {}
  ) {
    super();
    this.addClass('jp-wm-View');
  }

  protected override render(): ReactElement {
    return (
      <LabProvider value={this._lab}>
        <NameContext.Provider value={this._name}>
          <Context.Provider value={this._visibility}>{this._view}</Context.Provider>
        </NameContext.Provider>
      </LabProvider>
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

  private readonly _name = (label: string, caption: string): void => {
    this.title.label = label;
    this.title.caption = caption;
  };

  private readonly _visibility = new Visibility();
}
