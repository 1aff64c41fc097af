"""HTTP: sockets, packed bodies, faults and the log of requests."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from fake_wandb_server.application import Application
from fake_wandb_server.messages import BINARY, Request, Response, failure, first_half

if TYPE_CHECKING:
    from fake_wandb_server.faults import Fault, Faults


@dataclass(frozen=True)
class Logged:
    """One request that was answered, or cut; the key is never in it.

    Attributes
    ----------
    operation
        The name of the query, ``file_stream``, or method and path.
    status
        What was answered; 0 if nothing was.
    """

    operation: str
    path: str
    time: float
    seconds: float
    status: int
    fault: str | None
    size: int


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server: Web
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def do_POST(self) -> None:
        self.serve()

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST  # noqa: N815 - the names that http.server calls

    def serve(self) -> None:
        began = time.time()
        try:
            body = self.read()
        except OSError:
            self.close_connection = True
            return
        request = Request(
            self.command,
            self.path,
            body,
            {name.lower(): value for name, value in self.headers.items()},
        )
        if request.route[0] == "admin" and self.administer(request):
            return
        fault = self.server.faults.take(request)
        response = self.answered(request, fault)
        # Written down before it is sent: whoever has the answer finds the request in the log.
        self.server.log.append(
            Logged(
                request.operation,
                request.path.partition("?")[0],
                began,
                time.time() - began,
                response.status if response else 0,
                fault.kind if fault else None,
                len(body),
            )
        )
        try:
            if response is None:
                self.cut()
            else:
                self.send(response)
        except OSError:
            self.close_connection = True

    def administer(self, request: Request) -> bool:
        """Do what concerns this layer alone; such requests are not in the log."""
        if not self.server.application.allowed(request):
            return False
        if request.route == ["admin", "requests"]:
            self.send(Response(200, pickle.dumps(list(self.server.log)), BINARY))
        elif request.route == ["admin", "faults"] and request.method == "POST":
            self.server.faults.add(pickle.loads(request.body))
            self.send(Response(200))
        elif request.route == ["admin", "faults"]:
            self.server.faults.remove()
            self.send(Response(200))
        else:
            self.send(self.server.application.answer(request))
        return True

    def answered(self, request: Request, fault: Fault | None) -> Response | None:
        """Return the answer, or None where the fault is that there is none."""
        if fault is None:
            return self.server.application.answer(request)
        if fault.kind == "latency":
            self.server.stopping.wait(fault.seconds)
            return self.server.application.answer(request)
        if fault.kind == "status":
            return replace(failure(fault.status, fault.message), headers=fault.headers)
        if fault.kind == "partial":
            half = first_half(request)
            answer = self.server.application.answer(half or request)
            if half is None:
                return answer
        if fault.kind in {"hang", "partial"}:
            self.server.stopping.wait(fault.seconds)
        elif fault.kind in {"lost", "kill"}:
            self.server.application.answer(request)
        if fault.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    def read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self.read_chunks()
        else:
            body = self.exactly(int(self.headers.get("Content-Length") or 0))
        packing = self.headers.get("Content-Encoding", "")
        if packing == "gzip":
            return gzip.decompress(body)
        return zlib.decompress(body) if packing == "deflate" else body

    def read_chunks(self) -> bytes:
        found = b""
        while size := int(self.line().split(b";")[0], 16):
            found += self.exactly(size)
            self.line()
        self.line()
        return found

    def exactly(self, size: int) -> bytes:
        """Read so much; a request that a killed client did not finish never was."""
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionError("the client has gone in the middle of a request")
        return body

    def line(self) -> bytes:
        line = self.rfile.readline()
        if not line:
            raise ConnectionError("the client has gone in the middle of a request")
        return line

    def send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def cut(self) -> None:
        """End the connection with a reset, as a server that dies does."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.connection.close()

    def log_message(self, *_: Any) -> None:
        """Write nothing to the terminal: the log is `Web.log`."""


class Web(http.server.ThreadingHTTPServer):
    """The listening socket with its connections.

    Parameters
    ----------
    port
        Where to listen on 127.0.0.1; 0 for any.
    application
        What answers.
    faults
        What goes wrong.
    log
        Where requests are written down.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(
        self, port: int, application: Application, faults: Faults, log: list[Logged]
    ) -> None:
        self.application = application
        self.faults = faults
        self.log = log
        self.connections: set[socket.socket] = set()
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(
            target=self.serve_forever,
            kwargs={"poll_interval": 0.02},
            name="fake_wandb_server",
            daemon=True,
        )
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def stop(self) -> None:
        """Listen no more, and end all connections."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        self.thread.join()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """Keep what went wrong for the test; a connection that a client has cut is no error."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.application.refused.append("".join(traceback.format_exception(error)))
