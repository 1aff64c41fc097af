/** Renders a view as JupyterLab does, on the page of the tests. */

import { nullTranslator } from '@jupyterlab/translation';
import { StateDB } from '@jupyterlab/statedb';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, type ReactElement } from 'react';
import { createRoot } from 'react-dom/client';

import type { RestAPI } from '../src/api/restapi';
import type { Keys, Message, RunRow, SweepDetail, SweepSummary, Topic } from '../src/api/schemas';
import type { Socket } from '../src/api/socket';
import { PanelContextProvider } from '../src/components/context';
import { Visibility, VisibilityContext } from '../src/components/viewContext';
import { SweepsModel } from '../src/models/sweepsModel';

/** An in-memory server with one sweep. */
export class SweepServer {
  constructor(
    readonly summary: SweepSummary,
    readonly rows: readonly RunRow[],
    readonly keys: Keys = { history: ['loss'], system: [], media: [] },
    readonly spec: SweepDetail['spec'] = {}
  ) {}

  readonly api = {
    sweep: () =>
      Promise.resolve({
        id: this.summary.id,
        captured: [],
        spec: this.spec
      } as unknown as SweepDetail),
    keys: () => Promise.resolve(this.keys),
    runs: (_: string, { descending = false, limit = 1000, offset = 0 }) => {
      const rows = descending ? [...this.rows].reverse() : this.rows;
      const page = rows.slice(offset, offset + limit);
      return Promise.resolve({ rows: page, total: rows.length, mark: '' });
    }
  } as unknown as RestAPI;

  readonly socket = {
    changed: new Signal({}),
    lostAt: null,
    open: (topic: () => Topic, receive: (message: Message) => void) => {
      if (topic().topic === 'sweeps') {
        const changed = [this.summary];
        queueMicrotask(() => {
          receive({ kind: 'sweeps', to: '', whole: true, changed, unreadable: [], gone: [] });
        });
      }
      return { isDisposed: false, dispose: () => undefined };
    }
  } as unknown as Socket;
}

export interface IRendering {
  root: HTMLElement;
  /** The ids of executed commands, with their arguments. */
  executed: [string, object][];
  dispose: () => void;
}

/** Render a view that is visible; wait with `settled` for what the server answers. */
export async function rendered(model: SweepsModel, view: ReactElement): Promise<IRendering> {
  const executed: [string, object][] = [];
  const commands = new CommandRegistry();
  commands.execute = (id: string, args: object = {}) => {
    executed.push([id, args]);
    return Promise.resolve();
  };
  const trans = nullTranslator.load('wandb_magic');
  const visibility = new Visibility();
  visibility.set(true);
  const root = document.body.appendChild(document.createElement('div'));
  const tree = createRoot(root);
  act(() => {
    tree.render(
      <PanelContextProvider value={{ model, commands, trans, translator: nullTranslator }}>
        <VisibilityContext.Provider value={visibility}>{view}</VisibilityContext.Provider>
      </PanelContextProvider>
    );
  });
  await settled();
  return {
    root,
    executed,
    dispose: () => {
      act(() => tree.unmount());
      root.remove();
    }
  };
}

/** Let promises and effects that are due run. */
export async function settled(): Promise<void> {
  await act(async () => {
    for (let round = 0; round < 3; round += 1) {
      await new Promise(resolve => requestAnimationFrame(resolve));
    }
  });
}

export function sweepsModel(server: SweepServer): SweepsModel {
  return new SweepsModel(server.api, server.socket, new StateDB());
}

/** Let the browser have an event happen to an element. */
export function dispatch(element: Element, event: Event): void {
  act(() => void element.dispatchEvent(event));
}

/** Click as a browser does; `count` 2 for a double click, including the two clicks. */
export function click(element: Element, options: MouseEventInit = {}, count = 1): void {
  for (let detail = 1; detail <= count; detail += 1) {
    dispatch(element, new MouseEvent('click', { bubbles: true, ...options, detail }));
  }
  if (count === 2) {
    dispatch(element, new MouseEvent('dblclick', { bubbles: true, ...options, detail: 2 }));
  }
}
