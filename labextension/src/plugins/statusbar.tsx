/** The state of sweeps in the status bar; a click opens the sidebar. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { IStatusBar, TextItem } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReactElement } from 'react';

import { formatNumber } from '../format';
import { useSignal } from '../components/useSignal';
import type { SweepsModel } from '../models/sweepsModel';
import { Commands, ISweepsModel } from '../tokens';
import type { SweepSummary } from '../api/schemas';

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:status',
  description: 'Shows the status of W&B sweeps in the status bar.',
  autoStart: true,
  requires: [ISweepsModel],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: SweepsModel,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    if (bar === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('wandb_magic');
    const item = ReactWidget.create(
      <SweepStatus model={model} commands={app.commands} trans={trans} />
    );
    item.addClass('jp-mod-highlighted');
    bar.registerStatusItem('wandb-magic:sweeps', {
      item,
      align: 'left',
      rank: 50,
      isActive: () => runningSweeps(model).length > 0,
      activeStateChanged: model.changed
    });
  }
};

function SweepStatus({
  model,
  commands,
  trans
}: {
  model: SweepsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): ReactElement {
  useSignal(model.changed);
  const sweeps = runningSweeps(model);
  return (
    <TextItem
      role="button"
      tabIndex={0}
      source={summaryText(sweeps, trans)}
      title={sweeps.map(sweep => sweepText(sweep, trans)).join('\n')}
      onClick={() => void commands.execute(Commands.showSweeps)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          void commands.execute(Commands.showSweeps);
        }
      }}
    />
  );
}

function runningSweeps(model: SweepsModel): SweepSummary[] {
  return model.sweeps.filter(({ state }) => state === 'running' || state === 'stopping');
}

/** `3 sweeps · best 0.91`; the best is that of the newest sweep, because objectives differ. */
function summaryText(sweeps: readonly SweepSummary[], trans: TranslationBundle): string {
  if (sweeps.length <= 1) {
    return sweeps.map(sweep => sweepText(sweep, trans)).join('');
  }
  return [trans.__('%1 sweeps', sweeps.length), ...bestText(sweeps[0], trans)].join(' · ');
}

function sweepText(sweep: SweepSummary, trans: TranslationBundle): string {
  const { count, ended, name } = sweep;
  const done = count === null ? String(ended) : `${ended}/${count}`;
  return [`${name} ${done}`, ...bestText(sweep, trans)].join(' · ');
}

function bestText({ best }: SweepSummary, trans: TranslationBundle): string[] {
  return best === null ? [] : [trans.__('best %1', formatNumber(best.value))];
}
