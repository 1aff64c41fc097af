/** What a command is about: what its arguments name, what was right-clicked, or what is in front. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

/** The ids of what a command or a view is about. */
export interface ITarget {
  sweep?: string;
  run?: string;
}

/** Marks widgets that have a target. */
export const VIEW_CLASS = 'jp-wm-View';

/** A widget that commands can take their target from. */
export interface ITargetWidget {
  readonly target: ITarget;
}

/** The argument of commands in context menus; such menus cannot name what was clicked. */
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

/** Whether a command is about what its arguments say, and about nothing else. */
export function hasExplicitTarget(args: ReadonlyPartialJSONObject): boolean {
  return typeof args.sweep === 'string' || args[CLICKED] === true;
}

/** What the current widget of the main area is about. */
export function currentTarget(app: JupyterFrontEnd): ITarget {
  const { currentWidget } = app.shell;
  const content: unknown =
    currentWidget instanceof MainAreaWidget ? currentWidget.content : currentWidget;
  return isTargetWidget(content) ? content.target : {};
}

function isTargetWidget(content: unknown): content is ITargetWidget {
  return content instanceof Widget && content.hasClass(VIEW_CLASS) && 'target' in content;
}
