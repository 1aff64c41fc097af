/**
 * The page's only WebSocket.
 *
 * A view opens a topic and receives its messages; the server sends only open topics.
 *
 * After a disconnect, the socket reconnects by itself and reopens all topics, so no view stays
 * stale. While the page is hidden, all topics are closed.
 */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import type { Frame, Message, Open, Topic } from './schemas';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** The server closes the socket with this code if the user may no longer see the sweeps. */
const POLICY_VIOLATION = 1008;

/** An open topic; it is computed anew after every disconnect. */
interface ISubscription {
  topic: () => Topic;
  onMessage: (message: Message) => void;
}

export class Socket implements IDisposable {
  constructor(private readonly _settings: ServerConnection.ISettings) {
    document.addEventListener('visibilitychange', this._sendTopics);
    this._connect();
  }

  /** Emits when the connection opens or closes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** When the connection was lost (milliseconds since the epoch); null while connected. */
  get lostAt(): number | null {
    return this._lostAt;
  }

  /** Whether the server has denied access; only the user can then retry. */
  get isDenied(): boolean {
    return this._denied;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Open a topic until the result is disposed. */
  open(topic: () => Topic, onMessage: (message: Message) => void): IDisposable {
    const name = String(++this._lastName);
    this._subscriptions.set(name, { topic, onMessage });
    this._scheduleSend();
    return new DisposableDelegate(() => {
      this._subscriptions.delete(name);
      this._scheduleSend();
    });
  }

  /** Reconnect immediately. */
  retry(): void {
    if (this._lostAt !== null) {
      this._connect();
    }
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      document.removeEventListener('visibilitychange', this._sendTopics);
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
      this._retryMs = FIRST_RETRY_MS;
      this._lostAt = null;
      this._denied = false;
      this._sendTopics();
      this._changed.emit();
    };
    socket.onmessage = event => {
      if (socket === this._socket) {
        this._onFrame(JSON.parse(event.data as string) as Frame);
      }
    };
    socket.onclose = event => {
      if (socket === this._socket) {
        this._onClose(event.code);
      }
    };
  }

  private _onClose(code: number): void {
    this._socket = null;
    if (this._disposed) {
      return;
    }
    this._denied ||= code === POLICY_VIOLATION;
    if (this._lostAt === null) {
      this._lostAt = Date.now();
      this._changed.emit();
    }
    if (this._denied) {
      return;
    }
    this._timer = window.setTimeout(() => this._connect(), this._retryMs);
    this._retryMs = Math.min(2 * this._retryMs, LAST_RETRY_MS);
  }

  private _onFrame(frame: Frame): void {
    if (frame.seq !== ++this._seq) {
      // Something in between lost a frame: a new connection fills the gap.
      this._socket?.close();
      return;
    }
    for (const message of frame.messages) {
      this._subscriptions.get(message.to)?.onMessage(message);
    }
  }

  /** Topics that are opened in the same tick are sent in one message. */
  private _scheduleSend(): void {
    if (!this._sendScheduled) {
      this._sendScheduled = true;
      queueMicrotask(() => {
        this._sendScheduled = false;
        this._sendTopics();
      });
    }
  }

  private readonly _sendTopics = (): void => {
    if (this._socket?.readyState === 1) {
      const open: Open['open'] = {};
      if (!document.hidden) {
        for (const [name, { topic }] of this._subscriptions) {
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
  private _lastName = 0;
  private _subscriptions = new Map<string, ISubscription>();
  private _retryMs = FIRST_RETRY_MS;
  private _seq = 0;
  private _socket: WebSocket | null = null;
  private _sendScheduled = false;
  private _timer = 0;
}
