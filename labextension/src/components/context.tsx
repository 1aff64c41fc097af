/** What every view needs from JupyterLab, passed down by React context. */

import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { createContext, useContext } from 'react';

import type { SweepsModel } from '../models/sweepsModel';

export interface IPanelContext {
  model: SweepsModel;
  /** Every verb is a command, so that buttons, menus and keys do the same; see `Commands`. */
  commands: CommandRegistry;
  trans: TranslationBundle;
  translator: ITranslator;
  /** Renders Markdown; notes are plain text without it. */
  rendermime?: IRenderMimeRegistry;
}

const PanelContext = createContext<IPanelContext | null>(null);

export const PanelContextProvider = PanelContext.Provider;

export function usePanelContext(): IPanelContext {
  const lab = useContext(PanelContext);
  if (lab === null) {
    throw new Error('A view was rendered outside of LabProvider.');
  }
  return lab;
}
