/** The sidebar, and the views of sweeps and runs in the main area, restored after a reload. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';
import { SplitPanel, type Widget } from '@lumino/widgets';

import { RUN_ARGS } from '../commands/runs';
import { subjectInFront, subjectOf } from '../commands/subject';
import { SWEEP_ARGS } from '../commands/verb';
import { sweepIcon } from '../icons';
import type { ILab } from '../lab';
import type { Model } from '../model';
import { RunView } from '../panel/run/RunView';
import { SweepList } from '../panel/sidebar/list';
import { Sidebar } from '../panel/sidebar/Sidebar';
import { SweepView } from '../panel/sweep/SweepView';
import { View } from '../panel/widget';
import { Commands, IModel, PLUGIN } from '../tokens';

type Shown = MainAreaWidget<View>;

/** Of the height, what a view below the main area must have to be seen. */
const LEAST_SHARE = 0.2;

export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: 'Shows W&B sweeps in a sidebar and in the main area.',
  autoStart: true,
  requires: [IModel],
  optional: [ILayoutRestorer, IStateDB, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: Model,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null,
    optionalTranslator: ITranslator | null
  ) => {
    const translator = optionalTranslator ?? nullTranslator;
    const trans = translator.load('wandb_magic');
    const lab: ILab = { model, commands: app.commands, trans, translator };

    const list = new SweepList(state);
    const sidebar = new View(lab, <Sidebar list={list} />);
    sidebar.id = 'wandb-magic-sweeps';
    sidebar.title.icon = sweepIcon;
    sidebar.title.caption = trans.__('Sweeps');
    app.shell.add(sidebar, 'left', { rank: 600 });

    const sweeps = new WidgetTracker<Shown>({ namespace: 'wandb-magic-sweep' });
    const runs = new WidgetTracker<Shown>({ namespace: 'wandb-magic-run' });

    const show = (
      tracker: WidgetTracker<Shown>,
      id: string,
      make: () => View,
      instead?: Shown
    ): void => {
      let widget = tracker.find(each => each.id === id);
      if (widget === undefined) {
        widget = new MainAreaWidget({ content: make() });
        // Its verbs are in the view's header.
        widget.toolbar.hide();
        widget.id = id;
        widget.title.closable = true;
        widget.title.icon = sweepIcon;
        addTo(app, widget, instead);
        void tracker.add(widget);
      }
      app.shell.activateById(id);
      instead?.dispose();
    };
    const name = ({ content, title }: Shown): void => {
      const { sweep, run } = content.subject;
      const known = sweep === undefined ? undefined : model.summary(sweep);
      if (known !== undefined && run === undefined) {
        title.label = known.name;
        title.caption = `${known.name}\n${known.folder}`;
      }
    };
    model.changed.connect(() => sweeps.forEach(name));
    app.shell.currentChanged?.connect(() => list.setFront(subjectInFront(app).sweep ?? null));
    model.removed.connect((_, sweep) => {
      for (const tracker of [sweeps, runs]) {
        tracker
          .filter(({ content }) => content.subject.sweep === sweep)
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
      describedBy: { args: SWEEP_ARGS },
      execute: args => {
        const { sweep } = subjectOf(app, args);
        if (sweep !== undefined) {
          show(sweeps, `wandb-magic-sweep-${sweep}`, () => {
            const view = new View(lab, <SweepView id={sweep} />, { sweep });
            view.title.label = model.summary(sweep)?.name ?? sweep;
            return view;
          });
        }
      }
    });
    app.commands.addCommand(Commands.openRun, {
      label: trans.__('Open Run'),
      describedBy: { args: OPEN_RUN_ARGS },
      execute: args => {
        const { sweep, run } = subjectOf(app, args);
        if (sweep !== undefined && run !== undefined && run !== args.instead) {
          const id = (run: string) => `wandb-magic-run-${sweep}-${run}`;
          const make = () => {
            const view = new View(lab, <RunView sweep={sweep} run={run} />, { sweep, run });
            view.title.label = trans.__('run %1', model.run(sweep, run)?.number ?? run);
            return view;
          };
          const { instead } = args;
          show(
            runs,
            id(run),
            make,
            typeof instead === 'string' ? runs.find(each => each.id === id(instead)) : undefined
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
          args: widget => ({ ...widget.content.subject })
        });
      }
    }
  }
};

const OPEN_RUN_ARGS = {
  type: 'object',
  properties: {
    ...RUN_ARGS.properties,
    instead: { type: 'string', description: 'Id of a run whose view is replaced.' }
  }
} satisfies JSONObject;

/** Where the main area holds one document only, as in Notebook 7, views stand below it. */
function addTo({ shell }: JupyterFrontEnd, widget: Shown, after?: Shown): void {
  shell.add(widget, 'main', after && { ref: after.id, mode: 'tab-after' });
  if (widget.parent === null) {
    shell.add(widget, 'down');
    makeRoom(widget);
  }
}

/** Give what is below as much room as what is above, if it has none yet. */
function makeRoom(widget: Widget): void {
  let split: Widget | null = widget;
  while (split !== null && !(split instanceof SplitPanel)) {
    split = split.parent;
  }
  if (split !== null && (split.relativeSizes().at(-1) ?? 1) < LEAST_SHARE) {
    split.setRelativeSizes(split.widgets.map(() => 1));
  }
}
