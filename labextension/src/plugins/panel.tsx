/** The sidebar, and the views of sweeps and runs in the main area, restored after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';
import { SplitPanel, type Widget } from '@lumino/widgets';

import { RUN_ARGS } from '../commands/command';
import { currentTarget, targetOf } from '../commands/target';
import { SWEEP_ARGS } from '../commands/command';
import { sweepIcon } from '../icons';
import type { IPanelContext } from '../components/context';
import type { SweepsModel } from '../models/sweepsModel';
import { RunView, runTitle } from '../views/run/RunView';
import { SidebarModel } from '../views/sidebar/sidebarModel';
import { Sidebar } from '../views/sidebar/Sidebar';
import { SweepView } from '../views/sweep/SweepView';
import { ViewWidget } from '../views/viewWidget';
import { Commands, ISweepsModel, PLUGIN } from '../tokens';

type PanelWidget = MainAreaWidget<ViewWidget>;

/** The minimum share of the height for a view below the main area. */
const MIN_SHARE = 0.2;

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Shows W&B sweeps in a sidebar and in the main area.',
  autoStart: true,
  requires: [ISweepsModel],
  optional: [ILayoutRestorer, IStateDB, ITranslator, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    model: SweepsModel,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    optionalTranslator: ITranslator | null,
    rendermime: IRenderMimeRegistry | null
  ) => {
    const translator = optionalTranslator ?? nullTranslator;
    const trans = translator.load('wandb_magic');
    const context: IPanelContext = {
      model,
      commands: app.commands,
      trans,
      translator,
      ...(rendermime !== null && { rendermime })
    };

    const list = new SidebarModel(state);
    const sidebar = new ViewWidget(context, <Sidebar list={list} />);
    sidebar.id = 'wandb-magic-sweeps';
    sidebar.title.icon = sweepIcon;
    sidebar.title.caption = trans.__('Sweeps');
    app.shell.add(sidebar, 'left', { rank: 600 });

    const sweeps = new WidgetTracker<PanelWidget>({ namespace: 'wandb-magic-sweep' });
    const runs = new WidgetTracker<PanelWidget>({ namespace: 'wandb-magic-run' });

    const show = (
      tracker: WidgetTracker<PanelWidget>,
      id: string,
      make: () => ViewWidget,
      tab: unknown,
      replaced?: PanelWidget
    ): void => {
      let widget = tracker.find(candidate => candidate.id === id);
      if (widget === undefined) {
        widget = new MainAreaWidget({ content: make() });
        // Its actions are in the view's header.
        widget.toolbar.hide();
        widget.id = id;
        widget.title.closable = true;
        widget.title.icon = sweepIcon;
        addToShell(app, widget, replaced);
        void tracker.add(widget);
      }
      widget.content.tab.request(typeof tab === 'string' ? tab : '');
      app.shell.activateById(id);
      replaced?.dispose();
    };
    const updateTitle = ({ content, title }: PanelWidget): void => {
      const { sweep, run } = content.target;
      const summary = sweep === undefined ? undefined : model.summary(sweep);
      if (summary !== undefined && run === undefined) {
        title.label = summary.name;
        title.caption = `${summary.name}\n${summary.folder}`;
      }
    };
    model.changed.connect(() => sweeps.forEach(updateTitle));
    app.shell.currentChanged?.connect(() =>
      list.setCurrentSweep(currentTarget(app).sweep ?? null)
    );
    model.sweepDeleted.connect((_, sweep) => {
      for (const tracker of [sweeps, runs]) {
        tracker
          .filter(({ content }) => content.target.sweep === sweep)
          .forEach(widget => widget.dispose());
      }
    });

    app.commands.addCommand(Commands.showSweeps, {
      label: trans.__('Show Sweeps'),
      caption: trans.__('Show the sidebar with all sweeps'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(sidebar.id)
    });
    app.commands.addCommand(Commands.openSweep, {
      label: trans.__('Open Sweep'),
      describedBy: { args: OPEN_SWEEP_ARGS },
      execute: args => {
        const { sweep } = targetOf(app, args);
        if (sweep !== undefined) {
          const make = () => {
            const view = new ViewWidget(context, <SweepView id={sweep} />, { sweep });
            view.title.label = model.summary(sweep)?.name ?? sweep;
            return view;
          };
          show(sweeps, `wandb-magic-sweep-${sweep}`, make, args.tab);
        }
      }
    });
    app.commands.addCommand(Commands.openRun, {
      label: trans.__('Open Run'),
      describedBy: { args: OPEN_RUN_ARGS },
      execute: args => {
        const { sweep, run } = targetOf(app, args);
        if (sweep !== undefined && run !== undefined && run !== args.instead) {
          const id = (run: string) => `wandb-magic-run-${sweep}-${run}`;
          const make = () => {
            const view = new ViewWidget(context, <RunView sweep={sweep} run={run} />, {
              sweep,
              run
            });
            const number = model.run(sweep, run)?.number ?? run;
            view.title.label = runTitle(number, model.summary(sweep)?.name, trans);
            return view;
          };
          const { instead } = args;
          show(
            runs,
            id(run),
            make,
            args.tab,
            typeof instead === 'string'
              ? runs.find(candidate => candidate.id === id(instead))
              : undefined
          );
        }
      }
    });

    if (restorer) {
      restorer.add(sidebar, sidebar.id);
      for (const [tracker, command] of [
        [sweeps, Commands.openSweep],
        [runs, Commands.openRun]
      ] as const) {
        void restorer.restore(tracker, {
          command,
          name: widget => widget.id,
          args: widget => ({ ...widget.content.target })
        });
      }
    }
  }
};

const TAB_ARG = {
  tab: { type: 'string', description: 'Name of a tab of the view; the last one by default.' }
} satisfies JSONObject;

const OPEN_SWEEP_ARGS = {
  type: 'object',
  properties: { ...SWEEP_ARGS.properties, ...TAB_ARG }
} satisfies JSONObject;

const OPEN_RUN_ARGS = {
  type: 'object',
  properties: {
    ...RUN_ARGS.properties,
    ...TAB_ARG,
    instead: { type: 'string', description: 'Id of a run whose view is replaced.' }
  }
} satisfies JSONObject;

/** If the main area holds only one document, as in Notebook 7, views are placed below it. */
function addToShell(
  { shell }: JupyterFrontEnd,
  widget: PanelWidget,
  reference?: PanelWidget
): void {
  shell.add(widget, 'main', reference && { ref: reference.id, mode: 'tab-after' });
  if (widget.parent === null) {
    shell.add(widget, 'down');
    ensureHeight(widget);
  }
}

/** Give the lower panel as much height as the upper one, if it has none yet. */
function ensureHeight(widget: Widget): void {
  let split: Widget | null = widget;
  while (split !== null && !(split instanceof SplitPanel)) {
    split = split.parent;
  }
  if (split !== null && (split.relativeSizes().at(-1) ?? 1) < MIN_SHARE) {
    split.setRelativeSizes(split.widgets.map(() => 1));
  }
}
