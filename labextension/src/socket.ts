/**
 * The page's one WebSocket.
 *
 * Whoever shows something opens a topic and gets its messages; the server sends only what is open.
 * After a break the socket connects again by itself and opens all topics anew, so that nothing that
 * is shown stays stale. While the page is hidden nothing is open.
 */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { Frame, Message, Open, Topic } from './wire';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** With this code the server ends the socket of one who may not see the sweeps any more. */
const DENIED = 1008;

/** What somebody has open: the topic is asked for anew after every break. */
interface IOpened {
  topic: () => Topic;
  receive: (message: Message) => void;
}

export class Socket implements IDisposable {
  constructor(private readonly _settings: ServerConnection.ISettings) {
    document.addEventListener('visibilitychange', this._tell);
    this._connect();
  }

  /** Emits when the connection comes or goes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** When the connection was lost (milliseconds since the epoch); null while it is there. */
  get lostAt(): number | null {
    return this._lostAt;
  }

  /** Whether the server has refused to tell more: then only a person tries again. */
  get isDenied(): boolean {
    return this._denied;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Open a topic, until the result is disposed. */
  open(topic: () => Topic, receive: (message: Message) => void): IDisposable {
    const name = String(++this._names);
    this._opened.set(name, { topic, receive });
    this._tellSoon();
    return new DisposableDelegate(() => {
      this._opened.delete(name);
      this._tellSoon();
    });
  }

  /** Try at once to connect again. */
  retry(): void {
    if (this._lostAt !== null) {
      this._connect();
    }
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      document.removeEventListener('visibilitychange', this._tell);
      window.clearTimeout(this._timer);
      this._socket?.close();
      Signal.clearData(this);
    }
  }

  private _connect(): void {
    window.clearTimeout(this._timer);
    const { wsUrl, token, appendToken, WebSocket } = this._settings;
    let url = URLExt.join(wsUrl, 'wandb-magic', 'api', 'socket');
    if (appendToken && token) {
      url += `?token=${encodeURIComponent(token)}`;
    }
    const socket = new WebSocket(url);
    this._socket = socket;
    socket.onopen = () => {
      this._seq = 0;
      this._retry = FIRST_RETRY_MS;
      this._lostAt = null;
      this._denied = false;
      this._tell();
      this._changed.emit();
    };
    socket.onmessage = event => {
      if (socket === this._socket) {
        this._receive(JSON.parse(event.data as string) as Frame);
      }
    };
    socket.onclose = event => {
      if (socket === this._socket) {
        this._lost(event.code);
      }
    };
  }

  private _lost(code: number): void {
    this._socket = null;
    if (this._disposed) {
      return;
    }
    this._denied ||= code === DENIED;
    if (this._lostAt === null) {
      this._lostAt = Date.now();
      this._changed.emit();
    }
    if (this._denied) {
      return;
    }
    this._timer = window.setTimeout(() => this._connect(), this._retry);
    this._retry = Math.min(2 * this._retry, LAST_RETRY_MS);
  }

  private _receive(frame: Frame): void {
    if (frame.seq !== ++this._seq) {
      // Something in between lost a frame: a new connection fills the gap.
      this._socket?.close();
      return;
    }
    for (const message of frame.messages) {
      this._opened.get(message.to)?.receive(message);
    }
  }

  /** Topics that are opened in the same turn go in one message. */
  private _tellSoon(): void {
    if (!this._telling) {
      this._telling = true;
      queueMicrotask(() => {
        this._telling = false;
        this._tell();
      });
    }
  }

  private readonly _tell = (): void => {
    if (this._socket?.readyState === 1) {
      const open: Open['open'] = {};
      if (!document.hidden) {
        for (const [name, { topic }] of this._opened) {
          open[name] = topic();
        }
      }
      this._socket.send(JSON.stringify({ open } satisfies Open));
    }
  };

  private _changed = new Signal<this, void>(this);
  private _denied = false;
  private _disposed = false;
  private _lostAt: number | null = Date.now();
  private _names = 0;
  private _opened = new Map<string, IOpened>();
  private _retry = FIRST_RETRY_MS;
  private _seq = 0;
  private _socket: WebSocket | null = null;
  private _telling = false;
  private _timer = 0;
}
