"""A separate Jupyter server with the panel, for benchmarks."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import psutil

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Server:
    """A running Jupyter server."""

    url: str
    token: str
    process: psutil.Process

    def get(self, path: str, **query: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the JSON of a response."""
        return json.loads(self.read(path, **query))

    def read(self, path: str, **query: Any) -> bytes:  # noqa: ANN401 - numbers and texts
        """Return the body of a response."""
        url = f"{self.url}{path}?{urlencode(query, doseq=True)}"
        request = Request(url, headers={"Authorization": f"token {self.token}"})
        with urlopen(request) as answer:
            return bytes(answer.read())


@contextmanager
def server(application: str = "jupyter_server", *options: str) -> Iterator[Server]:
    """Run a Jupyter server, or another Jupyter application, with the panel and loop monitor."""
    token = secrets.token_hex(16)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    extensions = "{'wandb_magic': True, 'event_loop_monitor': True}"
    command = [
        *(sys.executable, "-m", application, "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}"),
        f"--ServerApp.jpserver_extensions={extensions}",
        *options,
    ]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    with Path("server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        running = Server(f"http://127.0.0.1:{port}/", token, psutil.Process(process.pid))
        wait_for(running)
        yield running
    finally:
        process.terminate()
        process.wait()


def wait_for(server: Server) -> None:
    """Wait until a server responds."""
    while True:
        try:
            server.read("api/status")
        except OSError:
            if not server.process.is_running():
                raise SystemExit(Path("server.log").read_text("utf-8")) from None
            time.sleep(0.1)
        else:
            return
