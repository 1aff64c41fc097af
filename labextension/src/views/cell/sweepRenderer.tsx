/**
 * Renders the output of a cell that shows a sweep: live if this server knows the sweep, and
 * otherwise the output that was saved with the notebook.
 */

import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel } from '@lumino/widgets';

import type { IPanelContext } from '../../components/context';
import { MIME_TYPE } from '../../tokens';
import { ViewWidget } from '../viewWidget';
import { SweepCell } from './SweepCell';

/** Saved alternatives for viewers that cannot show the sweep itself, the best first. */
const FALLBACK_TYPES = ['text/html', 'text/plain'];

export class SweepRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(
    private readonly _context: IPanelContext,
    private readonly _rendermime: IRenderMimeRegistry
  ) {
    super();
    this.addClass('jp-wm-SweepRenderer');
    _context.model.changed.connect(this._onModelChanged);
  }

  override dispose(): void {
    this._context.model.changed.disconnect(this._onModelChanged);
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const id = sweepIdOf(model);
    if (id !== this._id) {
      this._id = id;
      this._liveView?.dispose();
      this._liveView = new ViewWidget(this._context, <SweepCell id={id} />, { sweep: id });
      this.insertWidget(0, this._liveView);
    }
    this._output = model;
    this._fallback?.dispose();
    this._fallback = null;
    await this._update();
  }

  private readonly _onModelChanged = (): void => void this._update();

  private async _update(): Promise<void> {
    const isKnown = this._context.model.summary(this._id) !== undefined;
    if (!isKnown && this._fallback === null && this._output !== null) {
      const output = this._output;
      const type = FALLBACK_TYPES.find(type => output.data[type] !== undefined);
      if (type !== undefined) {
        this._fallback = this._rendermime.createRenderer(type);
        this.addWidget(this._fallback);
        await this._fallback.renderModel(output);
      }
    }
    this._fallback?.setHidden(isKnown);
  }

  private _id = '';
  private _liveView: ViewWidget | null = null;
  private _output: IRenderMime.IMimeModel | null = null;
  private _fallback: IRenderMime.IRenderer | null = null;
}

/** The sweep's id; empty if the output is not one of ours. */
function sweepIdOf({ data }: IRenderMime.IMimeModel): string {
  const bundle = data[MIME_TYPE];
  const id = typeof bundle === 'object' && bundle !== null && 'id' in bundle ? bundle.id : '';
  return typeof id === 'string' ? id : '';
}
