/**
 * The output of one run: its end comes by itself while somebody looks, the rest when it is wanted.
 *
 * Lines are kept as the run wrote them: how they look is not known here.
 */

import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { LogLines, PAGE } from './loglines';
import { LogSearch } from './logsearch';
import type { Model } from './model';
import type { Message } from './wire';

/** What stands at the upper edge: a line, and which part of its height is above the edge. */
export interface IPlace {
  line: number;
  part: number;
}

/** Lines that are left above one that was looked for. */
const ABOVE = 5;

export class LogModel implements IDisposable {
  constructor(
    private readonly _model: Model,
    private readonly _sweep: string,
    private readonly _run: string
  ) {
    this.search = new LogSearch((text, first, limit) =>
      _model.api.logMatches(_sweep, _run, text, first, limit)
    );
    this.search.found.connect((_, line) =>
      this.move({ line: Math.max(0, line - ABOVE), part: 0 })
    );
  }

  readonly lines = new LogLines();
  readonly search: LogSearch;

  /** Whether the view stays at the end, and otherwise where it was: what a view comes back to. */
  position: { following: boolean; line: number } = { following: true, line: 0 };

  /** Emits when lines have come. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits when another part is looked at. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  /** Where somebody looks; null at the end, which is followed. */
  get place(): IPlace | null {
    return this._place;
  }

  /** How many lines have come since the end was left. */
  get unseen(): number {
    return this._place === null ? 0 : Math.max(0, this.total - this._left);
  }

  /** How many lines there are. */
  get total(): number {
    return this.lines.total;
  }

  get size(): number {
    return this.lines.size;
  }

  /** Whether anything is known of the output yet. */
  get ready(): boolean {
    return this._ready;
  }

  /** Whether nothing more will come. */
  get ended(): boolean {
    return this._ended;
  }

  /** Why lines are missing; empty if none is, or not for a known reason. */
  get problem(): string {
    return this._problem;
  }

  /** The address of the whole output. */
  get url(): string {
    return this._model.api.logUrl(this._sweep, this._run);
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** A line as it was printed, if it is known. */
  line(number: number): string | undefined {
    return this.lines.get(number);
  }

  /** Look somewhere else; at the end, and follow it, with null. */
  move(place: IPlace | null): void {
    if (this._place === null) {
      this._left = this.total;
    }
    this._place = place;
    this._moved.emit();
  }

  /** See that the lines from `first` to before `end` are there, or come. */
  want(first: number, end: number): void {
    this._wanted = [first, end];
    this.lines.touch(first, end);
    void this._fill();
  }

  /** Follow the end until the result is disposed. */
  follow(): IDisposable {
    return this._model.socket.open(
      () => ({ topic: 'log', sweep: this._sweep, run: this._run }),
      this._receive
    );
  }

  /** Try again what has failed. */
  retry(): void {
    this._problem = '';
    this._changed.emit();
    void this._fill();
  }

  dispose(): void {
    this._disposed = true;
    this.search.dispose();
    Signal.clearData(this);
  }

  private readonly _receive = (message: Message): void => {
    if (message.kind === 'log') {
      const grown = message.page.size !== this.lines.size;
      this.lines.follow(message.page);
      this._ready = true;
      this._ended = message.page.ended;
      this._problem = '';
      if (grown) {
        this.search.grown(this.lines.total);
      }
    } else if (message.kind === 'problem') {
      this._problem = message.message;
    }
    this._changed.emit();
  };

  /** Fetch what is wanted and missing, page by page. */
  private async _fill(): Promise<void> {
    if (this._filling || this._problem !== '') {
      return;
    }
    this._filling = true;
    try {
      for (let place = this._missing(); place !== null; place = this._missing()) {
        const { api } = this._model;
        const page = await api.log(this._sweep, this._run, place * PAGE, PAGE);
        if (this._disposed) {
          break;
        }
        this.lines.take(page);
        this._changed.emit();
        if (place === this._missing()) {
          // The output is shorter than was said; the topic will say how long it is.
          break;
        }
      }
    } catch (error) {
      this._problem = error instanceof Error ? error.message : String(error);
      this._changed.emit();
    }
    this._filling = false;
  }

  private _missing(): number | null {
    return this.lines.missing(...this._wanted);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _disposed = false;
  private _ended = false;
  private _filling = false;
  private _left = 0;
  private readonly _moved = new Signal<this, void>(this);
  private _place: IPlace | null = null;
  private _problem = '';
  private _ready = false;
  private _wanted: readonly [number, number] = [0, 0];
}
