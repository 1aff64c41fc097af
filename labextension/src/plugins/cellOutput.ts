/** Shows the sweep below the cell that started it, wherever JupyterLab renders outputs. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { SweepsModel } from '../models/sweepsModel';
import { SweepRenderer } from '../views/cell/sweepRenderer';
import { ISweepsModel, MIME_TYPE } from '../tokens';

/** Ranks before ipywidgets (-10), which shows the same where this panel is not installed. */
const RENDERER_RANK = -20;

export const cellOutputPlugin: JupyterFrontEndPlugin<void> = {
  id: 'wandb-magic:cell',
  description: 'Shows a W&B sweep, live, as the output of its cell.',
  autoStart: true,
  requires: [ISweepsModel, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: SweepsModel,
    rendermime: IRenderMimeRegistry,
    optionalTranslator: ITranslator | null
  ) => {
    const translator = optionalTranslator ?? nullTranslator;
    const trans = translator.load('wandb_magic');
    const context = { model, commands: app.commands, trans, translator };
    rendermime.addFactory(
      {
        // Only an id is read from the output, so the notebook does not need to be trusted.
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: () => new SweepRenderer(context, rendermime)
      },
      RENDERER_RANK
    );
  }
};
