/** A Lumino widget around a React view, which knows whether it is visible. */

import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import type { ReactElement } from 'react';

import { type ITarget, type ITargetWidget, VIEW_CLASS } from '../commands/target';
import { type IPanelContext, PanelContextProvider } from '../components/context';
import {
  TitleContext,
  ViewTabContext,
  Visibility,
  VisibilityContext
} from '../components/viewContext';
import { ViewTab } from '../models/viewTab';

export class ViewWidget extends ReactWidget implements ITargetWidget {
  constructor(
    private readonly _panelContext: IPanelContext,
    private readonly _view: ReactElement,
    readonly target: ITarget = {}
  ) {
    super();
    this.addClass(VIEW_CLASS);
  }

  readonly tab = new ViewTab();

  protected override render(): ReactElement {
    return (
      <PanelContextProvider value={this._panelContext}>
        <TitleContext.Provider value={this._setTitle}>
          <VisibilityContext.Provider value={this._visibility}>
            <ViewTabContext.Provider value={this.tab}>{this._view}</ViewTabContext.Provider>
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
