"""The server in a separate process, to be killed and restarted on the same port."""

from __future__ import annotations

import base64
import http.client
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from fake_wandb_server.controls import Controls
from fake_wandb_server.document import GraphQLError
from fake_wandb_server.faults import Fault
from fake_wandb_server.site import KEY
from fake_wandb_server.state import Snapshot
from fake_wandb_server.web import Logged

TESTS = Path(__file__).resolve().parents[1]


class FakeWandbServerProcess(Controls):
    """A W&B server on 127.0.0.1 that can die.

    Parameters
    ----------
    folder
        The folder of its journal.
    """

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "fake_wandb_server.db"
        self._process: subprocess.Popen[str] | None = None
        self.port = 0
        self.start()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process, again on the same port, and wait until it listens."""
        self.kill()
        paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "fake_wandb_server",
                str(self.port),
                str(self._journal),
                "--attended",
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            stdin=subprocess.PIPE,  # as long as this process lives
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End the process with SIGKILL, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> None:
        """End the process."""
        self.kill()

    def act(self, action: str, /, **args: Any) -> None:
        self._ask("POST", "/admin/act", json.dumps({"name": action, "args": args}).encode())

    def look(self) -> Snapshot:
        snapshot = pickle.loads(self._ask("GET", "/admin/snapshot"))
        assert isinstance(snapshot, Snapshot)
        return snapshot

    @property
    def requests(self) -> list[Logged]:
        """Return the requests since the process was last started."""
        return pickle.loads(self._ask("GET", "/admin/requests"))  # type: ignore[no-any-return]

    def add_fault(self, fault: Fault) -> None:
        self._ask("POST", "/admin/faults", pickle.dumps(fault))

    def heal(self) -> None:
        self._ask("DELETE", "/admin/faults")

    def _ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        secret = base64.b64encode(f"api:{KEY}".encode()).decode()
        try:
            connection.request(method, path, body, {"Authorization": f"Basic {secret}"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise GraphQLError(content.decode(), response.status)
        return content
