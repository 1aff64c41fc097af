import type { ServerConnection } from '@jupyterlab/services';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Socket } from '../../src/api/socket';

/** The browser's end of a connection that a test opens and closes. */
class Connection {
  static all: Connection[] = [];
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  readyState = 0;

  constructor() {
    Connection.all.push(this);
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  send = (): void => undefined;

  close(): void {
    this.end(1000);
  }
}

const settings = { wsUrl: 'ws://server/', WebSocket: Connection };

function newest(): Connection {
  return Connection.all[Connection.all.length - 1];
}

describe('Socket', () => {
  let socket: Socket;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('document', {
      hidden: false,
      addEventListener: () => undefined,
      removeEventListener: () => undefined
    });
    vi.stubGlobal('window', globalThis);
    Connection.all = [];
    socket = new Socket(settings as unknown as ServerConnection.ISettings);
    newest().open();
  });

  afterEach(() => {
    socket.dispose();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('reconnects after a disconnect', () => {
    newest().end(1006);
    expect(socket.lostAt).not.toBeNull();
    expect(socket.isDenied).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(Connection.all).toHaveLength(2);
    newest().open();
    expect(socket.lostAt).toBeNull();
  });

  it('does not reconnect after access was denied, until the user retries', () => {
    const changed = vi.fn();
    socket.changed.connect(changed);
    newest().end(1008);
    expect(socket.isDenied).toBe(true);
    expect(changed).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(600_000);
    expect(Connection.all).toHaveLength(1);

    socket.retry();
    newest().end(1006); // the browser does not tell that it was refused
    vi.advanceTimersByTime(600_000);
    expect(Connection.all).toHaveLength(2);
    expect(socket.isDenied).toBe(true);

    socket.retry();
    newest().open();
    expect(socket.isDenied).toBe(false);
    expect(socket.lostAt).toBeNull();
    newest().end(1006);
    vi.advanceTimersByTime(60_000);
    expect(Connection.all).toHaveLength(4);
  });
});
