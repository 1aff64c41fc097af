/**
 * The output of a cell that shows a sweep: live while the sweep is known here, and otherwise what
 * was saved of it with the notebook.
 */

import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel } from '@lumino/widgets';

import type { ILab } from '../../lab';
import { MIME_TYPE } from '../../tokens';
import { View } from '../widget';
import { Cell } from './Cell';

/** What was saved for those who cannot show the sweep itself, the best first. */
const SAVED = ['text/html', 'text/plain'];

export class SweepOutput extends Panel implements IRenderMime.IRenderer {
  constructor(
    private readonly _lab: ILab,
    private readonly _rendermime: IRenderMimeRegistry
  ) {
    super();
    this.addClass('jp-wm-Output');
    _lab.model.changed.connect(this._choose);
  }

  override dispose(): void {
    this._lab.model.changed.disconnect(this._choose);
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const id = idIn(model);
    if (id !== this._id) {
      this._id = id;
      this._live?.dispose();
      this._live = new View(this._lab, <Cell id={id} />, { sweep: id });
      this.insertWidget(0, this._live);
    }
    this._output = model;
    this._saved?.dispose();
    this._saved = null;
    await this._show();
  }

  private readonly _choose = (): void => void this._show();

  private async _show(): Promise<void> {
    const known = this._lab.model.summary(this._id) !== undefined;
    if (!known && this._saved === null && this._output !== null) {
      const output = this._output;
      const type = SAVED.find(type => output.data[type] !== undefined);
      if (type !== undefined) {
        this._saved = this._rendermime.createRenderer(type);
        this.addWidget(this._saved);
        await this._saved.renderModel(output);
      }
    }
    this._saved?.setHidden(known);
  }

  private _id = '';
  private _live: View | null = null;
  private _output: IRenderMime.IMimeModel | null = null;
  private _saved: IRenderMime.IRenderer | null = null;
}

/** The sweep's id; empty for what no kernel of ours has said. */
function idIn({ data }: IRenderMime.IMimeModel): string {
  const said = data[MIME_TYPE];
  const id = typeof said === 'object' && said !== null && 'id' in said ? said.id : '';
  return typeof id === 'string' ? id : '';
}
