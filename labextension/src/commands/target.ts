/**
 * The target of a command: from its arguments, from the right-clicked element, or the current
 * widget.
 */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import type { ViewTab } from '../models/viewTab';

/** The ids of the target of a command or a view. */
export interface ITarget {
  sweep?: string;
  run?: string;
}

/** Marks widgets that have a target. */
export const VIEW_CLASS = 'jp-wm-View';

/** A widget that commands can take their target from. */
export interface ITargetWidget extends Widget {
  readonly target: ITarget;
  readonly tab: ViewTab;
}

/** An argument of commands in context menus, because such menus cannot say what was clicked. */
export const CLICKED = 'clicked';

export function targetOf(app: JupyterFrontEnd, args: ReadonlyPartialJSONObject): ITarget {
  if (typeof args.sweep === 'string') {
    return { sweep: args.sweep, run: typeof args.run === 'string' ? args.run : undefined };
  }
  if (args[CLICKED] === true) {
    const clicked = (name: 'sweep' | 'run') =>
      app.contextMenuHitTest(node => node.dataset[name] !== undefined)?.dataset[name];
    return { sweep: clicked('sweep'), run: clicked('run') };
  }
  return currentTarget(app);
}

/** Whether a command's arguments name its target. */
export function hasExplicitTarget(args: ReadonlyPartialJSONObject): boolean {
  return typeof args.sweep === 'string' || args[CLICKED] === true;
}

/** The target of the current widget in the main area. */
export function currentTarget(app: JupyterFrontEnd): ITarget {
  return currentView(app)?.target ?? {};
}

/** The view in the current widget of the main area, if it is one of ours. */
function currentView(app: JupyterFrontEnd): ITargetWidget | null {
  return viewIn(app.shell.currentWidget);
}

/** The view that the user looks at: the current one, or below what is current, as in Notebook. */
export function shownView(app: JupyterFrontEnd): ITargetWidget | null {
  const below = widgetsBelow(app).filter(({ isVisible }) => isVisible);
  return currentView(app) ?? below.map(viewIn).find(view => view !== null) ?? null;
}

function widgetsBelow(app: JupyterFrontEnd): Widget[] {
  try {
    return [...app.shell.widgets('down')];
  } catch {
    return []; // JupyterLab 4.4 does not list this area
  }
}

function viewIn(widget: Widget | null): ITargetWidget | null {
  const content: unknown = widget instanceof MainAreaWidget ? widget.content : widget;
  return isTargetWidget(content) ? content : null;
}

function isTargetWidget(content: unknown): content is ITargetWidget {
  return content instanceof Widget && content.hasClass(VIEW_CLASS) && 'target' in content;
}
