/** Links to views: the page's URL names the current view, and the browser goes back and forward. */

import {
  IRouter,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { linkIcon } from '@jupyterlab/ui-components';
import type { JSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { RUN_ARGS } from '../commands/command';
import { type ITargetWidget, shownView, targetOf } from '../commands/target';
import { type ILink, isSameTarget, LINK_PATTERN, parseLink, withLink } from '../models/links';
import { Commands } from '../tokens';

const COPIED_MS = 2000;

export const linksPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:links',
  description: 'Gives each view of W&B sweeps a URL.',
  autoStart: true,
  optional: [IRouter, ITranslator],
  activate: (app: JupyterFrontEnd, router: IRouter | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('wandb_magic');
    const linkOf = (args: ReadonlyPartialJSONObject): ILink | null => {
      const { sweep, run } = targetOf(app, args);
      const current = linkTo(shownView(app));
      const link = sweep === undefined ? null : { sweep, run, tab: '' };
      return isSameTarget(link, current) ? current : link;
    };
    app.commands.addCommand(Commands.copyLink, {
      label: args =>
        args.isPalette === true ? trans.__('Copy Link to Sweep or Run') : trans.__('Copy Link'),
      caption: trans.__('Copy a URL that opens this view'),
      icon: args => (args.isPalette === true ? undefined : linkIcon),
      describedBy: { args: RUN_ARGS },
      isEnabled: args => linkOf(args) !== null,
      execute: args => {
        const link = linkOf(args);
        if (link !== null) {
          Clipboard.copyToSystem(withLink(pageUrl(), link));
          Notification.success(trans.__('Copied the link to the clipboard.'), {
            autoClose: COPIED_MS
          });
        }
      }
    });
    app.commands.addCommand(Commands.openLink, {
      label: trans.__('Open Link'),
      describedBy: { args: OPEN_LINK_ARGS },
      execute: async args => {
        // Views of the last session come first, so that this one is in front of them.
        await app.restored;
        openLink(app, typeof args.search === 'string' ? args.search : '');
      }
    });
    if (router !== null) {
      // The router opens the link that the page was opened with. Later ones it opens so late that
      // the user may have moved on: see `AddressBar`.
      const rule = router.register({ command: Commands.openLink, pattern: LINK_PATTERN });
      const onRouted = () => {
        router.routed.disconnect(onRouted);
        rule.dispose();
        void app.restored.then(() => new AddressBar(app, router));
      };
      router.routed.connect(onRouted);
    }
  }
};

/** Open what the query of a URL names, if it names a view. */
function openLink(app: JupyterFrontEnd, search: string): void {
  const link = parseLink(search);
  if (link !== null) {
    const command = link.run === undefined ? Commands.openSweep : Commands.openRun;
    void app.commands.execute(command, { ...link });
  }
}

/** Keeps the page's URL that of the current view, with one entry of the browser's history a view. */
class AddressBar {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _router: IRouter
  ) {
    this._href = window.location.href;
    this._app.shell.currentChanged?.connect(this._onCurrentChanged);
    // In Notebook, views are below what is current.
    this._app.commands.commandExecuted.connect((_, { id }) => {
      if (id === Commands.openSweep || id === Commands.openRun) {
        this._onCurrentChanged();
      }
    });
    window.addEventListener('popstate', this._onPopState);
    this._onCurrentChanged();
  }

  private readonly _onCurrentChanged = (): void => {
    this._view?.tab.changed.disconnect(this._schedule);
    this._view?.disposed.disconnect(this._onCurrentChanged);
    this._view = shownView(this._app);
    this._view?.tab.changed.connect(this._schedule);
    this._view?.disposed.connect(this._onCurrentChanged);
    this._schedule();
  };

  /** JupyterLab also changes the URL when another widget becomes current: wait until it has. */
  private readonly _schedule = (): void => {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(this._update);
  };

  private readonly _update = (): void => {
    this._follows(false);
    const { href, search } = window.location;
    const link = linkTo(this._view);
    const next = withLink(href, link);
    if (next !== href) {
      const shown = parseLink(search);
      const onlyTab = shown?.tab === '' && isSameTarget(shown, link);
      if (onlyTab || href !== this._href) {
        // The entry is of this view already, without its tab, or JupyterLab's for the same change.
        window.history.replaceState(window.history.state, '', next);
      } else {
        this._rememberWidget();
        const { pathname, search, hash } = new URL(next);
        this._router.navigate(pathname + search + hash, { skipRouting: true });
      }
    }
    this._href = window.location.href;
    this._widget = this._app.shell.currentWidget?.id ?? '';
  };

  /** The entry that is left may be of a notebook, which a URL of JupyterLab's does not bring back. */
  private _rememberWidget(): void {
    if (parseLink(window.location.search) === null) {
      const state = { ...(window.history.state as object | null), [WIDGET]: this._widget };
      window.history.replaceState(state, '');
    }
  }

  /**
   * JupyterLab adds an entry whenever another widget becomes current: while the browser goes back,
   * that would cut off the way forward.
   */
  private _follows(follows: boolean): void {
    if (follows) {
      this._router.navigate = () => undefined;
    } else {
      // The method of its class is in force again.
      Reflect.deleteProperty(this._router, 'navigate');
    }
  }

  private readonly _onPopState = (event: PopStateEvent): void => {
    this._follows(true);
    this._schedule();
    this._href = window.location.href;
    openLink(this._app, window.location.search);
    const widget = (event.state as Record<string, unknown> | null)?.[WIDGET];
    if (parseLink(window.location.search) === null && typeof widget === 'string') {
      this._app.shell.activateById(widget);
    }
  };

  private _href: string;
  private _timer = 0;
  private _view: ITargetWidget | null = null;
  private _widget = '';
}

/** The key of the browser's history with the widget that was current. */
const WIDGET = 'wandb-magic:widget';

function linkTo(view: ITargetWidget | null): ILink | null {
  const { sweep, run } = view?.target ?? {};
  const tab = view?.tab.requested ?? view?.tab.name ?? '';
  return sweep === undefined ? null : { sweep, ...(run !== undefined && { run }), tab };
}

/** The URL of the page without what is open in it: JupyterLab's, or Notebook's page itself. */
function pageUrl(): string {
  if (PageConfig.getOption('appUrl') === '/lab') {
    const url = PageConfig.getUrl({
      mode: 'multiple-document',
      workspace: PageConfig.defaultWorkspace,
      treePath: ''
    });
    return new URL(url, window.location.href).href;
  }
  const { origin, pathname } = window.location;
  return origin + pathname;
}

const OPEN_LINK_ARGS = {
  type: 'object',
  properties: { search: { type: 'string', description: 'The query of the URL.' } }
} satisfies JSONObject;
