/**
 * One run: its details, live while a view is open, and further data, fetched on demand.
 *
 * Curves, media, files and output are separate, so that no view waits for another.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { CurvesModel } from './curvesModel';
import { CachedQuery } from './cachedQuery';
import { Followers } from './followers';
import { LogModel } from './logModel';
import type { SweepModel } from './sweepModel';
import type { Files, Media, Message, RunDetail, RunRow } from '../api/schemas';

/** Media of an active run are fetched at most once per this interval. */
const MEDIA_MS = 3000;
const FILES_MS = 5000;

export class RunModel implements IDisposable {
  constructor(
    readonly sweep: SweepModel,
    readonly id: string
  ) {
    const { host } = sweep;
    this.history = new CurvesModel(host, sweep.id);
    this.system = new CurvesModel(host, sweep.id, 'system');
    this.log = new LogModel(host, sweep.id, id);
    this.files = new CachedQuery<Files>(() => host.api.files(sweep.id, id), FILES_MS);
  }

  readonly history: CurvesModel;
  readonly system: CurvesModel;
  readonly log: LogModel;
  readonly files: CachedQuery<Files>;

  /** Emits when the detail has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The details besides the row; null until they are loaded. */
  get detail(): RunDetail | null {
    return this._detail;
  }

  /** The run as tables show it; undefined until it is loaded. */
  get row(): RunRow | undefined {
    return this._detail?.row ?? this.sweep.run(this.id);
  }

  /** How many non-numeric values the run has logged; when this changes, so have its media. */
  get mediaCount(): number {
    return this._mediaCount;
  }

  /** Why the run cannot be followed; empty if it can. */
  get problem(): string {
    return this._problem;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** The non-numeric values of one key. */
  media(key: string): CachedQuery<Media> {
    let media = this._mediaQueries.get(key);
    if (media === undefined) {
      const { host, id } = this.sweep;
      media = new CachedQuery<Media>(() => host.api.media(id, this.id, key), MEDIA_MS);
      this._mediaQueries.set(key, media);
    }
    return media;
  }

  /** Follow the run until the result is disposed; the model keeps its data. */
  follow(): IDisposable {
    return this._followers.add();
  }

  /** Retry what has failed. */
  retry(): void {
    this._topic?.dispose();
    this._topic = null;
    this._updateTopic();
  }

  dispose(): void {
    this._disposed = true;
    this._followers.clear();
    for (const part of [this.history, this.system, this.log, this.files]) {
      part.dispose();
    }
    this._mediaQueries.forEach(media => media.dispose());
    Signal.clearData(this);
  }

  private _updateTopic(): void {
    if (this._followers.count === 0) {
      this._topic?.dispose();
      this._topic = null;
    } else {
      this._topic ??= this.sweep.host.socket.open(
        () => ({ topic: 'run', sweep: this.sweep.id, run: this.id }),
        this._onMessage
      );
    }
  }

  private readonly _onMessage = (message: Message): void => {
    if (message.kind === 'run') {
      this._detail = message.run;
      this._mediaCount = message.media;
      this._problem = '';
    } else if (message.kind === 'problem') {
      this._problem = message.message;
    }
    this._changed.emit();
  };

  private readonly _changed = new Signal<this, void>(this);
  private _detail: RunDetail | null = null;
  private _disposed = false;
  private readonly _mediaQueries = new Map<string, CachedQuery<Media>>();
  private readonly _followers = new Followers(
    () => this._updateTopic(),
    () => this._updateTopic()
  );
  private _mediaCount = 0;
  private _problem = '';
  private _topic: IDisposable | null = null;
}
