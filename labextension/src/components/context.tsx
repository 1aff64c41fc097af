/** What every view needs of JupyterLab, handed down to React; and how views follow signals. */

import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ISignal } from '@lumino/signaling';
import { createContext, useContext, useEffect, useReducer } from 'react';

import type { SweepsModel } from '../models/sweepsModel';

export interface IPanelContext {
  model: SweepsModel;
  /** Every verb is a command, so that buttons, menus and keys do the same; see `Commands`. */
  commands: CommandRegistry;
  trans: TranslationBundle;
  translator: ITranslator;
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

/** Render again when a signal emits, at most once a frame. */
export function useSignal(...signals: ISignal<unknown, unknown>[]): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let frame = 0;
    const slot = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        render();
      });
    };
    signals.forEach(signal => signal.connect(slot));
    // What was emitted between the first rendering and now must not be missed.
    render();
    return () => {
      cancelAnimationFrame(frame);
      signals.forEach(signal => signal.disconnect(slot));
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the signals are the dependencies
  }, signals);
}
