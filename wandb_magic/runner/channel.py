"""One end of the socket over which the runner and the fork server exchange lines.

It never blocks and drops nothing: what the socket does not accept is kept until it is writable.
"""

from __future__ import annotations

import select
import socket

CHUNK_SIZE = 1 << 16


class Channel:
    """Sends and receives lines.

    Parameters
    ----------
    sock
        A connected stream socket; it is made non-blocking.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        self._socket = sock
        self._unsent = bytearray()
        self._received = b""

    def fileno(self) -> int:
        """Return the socket's descriptor, for selectors."""
        return self._socket.fileno()

    @property
    def has_unsent(self) -> bool:
        """Whether lines wait until the socket is writable; then call `flush`."""
        return bool(self._unsent)

    def send(self, line: str) -> None:
        """Send a line, now or later; if the other end is closed, drop it."""
        self._unsent += line.encode() + b"\n"
        self.flush()

    def flush(self) -> None:
        """Send what the socket accepts now."""
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent)
            except BlockingIOError:
                return
            except OSError:  # the other end is closed, which `receive` reports
                self._unsent.clear()
                return
            del self._unsent[:sent]

    def drain(self) -> None:
        """Wait until everything is sent, or the other end is closed."""
        while self._unsent:
            select.select([], [self._socket], [])
            self.flush()

    def receive(self) -> list[str] | None:
        """Return the lines received since the last call; None once the other end is closed."""
        try:
            received = self._socket.recv(CHUNK_SIZE)
        except BlockingIOError:
            return []
        except ConnectionError:
            return None
        if not received:
            return None
        *lines, self._received = (self._received + received).split(b"\n")
        return [line.decode() for line in lines]

    def close(self) -> None:
        """Close the socket; unsent lines are dropped."""
        self._unsent.clear()
        self._socket.close()
