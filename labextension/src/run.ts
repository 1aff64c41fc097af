/**
 * One run: its page, live while somebody looks, and what else is asked of it when it is looked at.
 *
 * Curves, media, files and output are each a part of its own, so that no view waits for another.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { CurvesModel } from './curves';
import { Fetched } from './fetched';
import { LogModel } from './log';
import type { SweepModel } from './sweep';
import type { Files, Media, Message, RunDetail, RunRow } from './wire';

/** Media of a living run are asked for again after this time at the earliest. */
const MEDIA_MS = 3000;
const FILES_MS = 5000;

export class RunModel implements IDisposable {
  constructor(
    readonly sweep: SweepModel,
    readonly id: string
  ) {
    const { model } = sweep;
    this.history = new CurvesModel(model, sweep.id);
    this.system = new CurvesModel(model, sweep.id, 'system');
    this.log = new LogModel(model, sweep.id, id);
    this.files = new Fetched<Files>(() => model.api.files(sweep.id, id), FILES_MS);
  }

  readonly history: CurvesModel;
  readonly system: CurvesModel;
  readonly log: LogModel;
  readonly files: Fetched<Files>;

  /** Emits when the detail has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is known besides the row; null until it is. */
  get detail(): RunDetail | null {
    return this._detail;
  }

  /** The run as tables show it; undefined until it is known. */
  get row(): RunRow | undefined {
    return this._detail?.row ?? this.sweep.run(this.id);
  }

  /** How many values that are no numbers it has logged: when that changes, media have. */
  get mediaCount(): number {
    return this._media;
  }

  /** Why the run cannot be followed; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The values of one key that are no numbers. */
  media(key: string): Fetched<Media> {
    let media = this._fetched.get(key);
    if (media === undefined) {
      const { model, id } = this.sweep;
      media = new Fetched<Media>(() => model.api.media(id, this.id, key), MEDIA_MS);
      this._fetched.set(key, media);
    }
    return media;
  }

  /** Follow the run until the result is disposed; the model keeps what it has. */
  follow(): IDisposable {
    this._followers += 1;
    this._open();
    let over = false;
    return {
      get isDisposed() {
        return over;
      },
      dispose: () => {
        if (!over) {
          over = true;
          this._followers -= 1;
          this._open();
        }
      }
    };
  }

  /** Try again what has failed. */
  retry(): void {
    this._topic?.dispose();
    this._topic = null;
    this._open();
  }

  dispose(): void {
    this._disposed = true;
    this._followers = 0;
    this._open();
    for (const part of [this.history, this.system, this.log, this.files]) {
      part.dispose();
    }
    this._fetched.forEach(media => media.dispose());
    Signal.clearData(this);
  }

  private _open(): void {
    if (this._followers === 0) {
      this._topic?.dispose();
      this._topic = null;
    } else {
      this._topic ??= this.sweep.model.socket.open(
        () => ({ topic: 'run', sweep: this.sweep.id, run: this.id }),
        this._receive
      );
    }
  }

  private readonly _receive = (message: Message): void => {
    if (message.kind === 'run') {
      this._detail = message.run;
      this._media = message.media;
      this._problem = '';
    } else if (message.kind === 'problem') {
      this._problem = message.message;
    }
    this._changed.emit();
  };

  private readonly _changed = new Signal<this, void>(this);
  private _detail: RunDetail | null = null;
  private _disposed = false;
  private readonly _fetched = new Map<string, Fetched<Media>>();
  private _followers = 0;
  private _media = 0;
  private _problem = '';
  private _topic: IDisposable | null = null;
}
