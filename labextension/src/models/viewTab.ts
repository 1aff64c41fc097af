/** The open tab of a view: the view says which it is, and links ask for another one. */

import { type ISignal, Signal } from '@lumino/signaling';

export class ViewTab {
  /** Emits when another tab is open, or requested. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The tab that is open; empty until the view has one. */
  get name(): string {
    return this._name;
  }

  /** The tab that the view is to open, once it can. */
  get requested(): string | null {
    return this._requested;
  }

  /** Ask the view to open a tab. */
  request(name: string): void {
    if (name !== '' && name !== this._name) {
      this._requested = name;
      this._changed.emit();
    }
  }

  /** The view takes the request, if there is one. */
  take(): string | null {
    const requested = this._requested;
    this._requested = null;
    return requested;
  }

  /** The view has opened a tab. */
  set(name: string): void {
    if (name !== this._name) {
      this._name = name;
      this._changed.emit();
    }
  }

  private _changed = new Signal<this, void>(this);
  private _name = '';
  private _requested: string | null = null;
}
