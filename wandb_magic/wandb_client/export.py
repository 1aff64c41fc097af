"""Reads a sweep from the server, with everything that its runs logged, as a stream.

A child process, ``python -m wandb_magic.wandb_client.export_worker``, uses W&B's public API; here
its lines become records. Nothing is written, and a run whose mark is known is not read again.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

from wandb_magic.child_process import module_process
from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client.sweeps import RemoteSweep, parse_sweep_path

TIMEOUT_S = 120.0  # between two lines


@dataclass(frozen=True)
class RemoteRun:
    """A run on the server.

    Attributes
    ----------
    id, name, state
        As on the server: ``finished``, ``running``, ``crashed``, …
    mark
        Changes whenever the run changes.
    created, heartbeat
        Seconds since the epoch.
    config, summary
        JSON objects.
    """

    id: str
    name: str
    state: str
    mark: str
    created: float
    heartbeat: float
    config: Mapping[str, Any]
    summary: Mapping[str, Any]
    tags: tuple[str, ...]
    notes: str
    group: str
    job_type: str
    commit: str


@dataclass(frozen=True)
class HistoryPage:
    """Part of what the last yielded run logged: history rows, or samples of system metrics."""

    rows: tuple[Mapping[str, Any], ...]
    system: bool = False


CursorMap = Mapping[str, tuple[str, int]]
"""What has already been read of each run, by id: its mark, and the first missing step."""


class SweepExport:
    """A sweep being read; iterate over it once to get its runs, each followed by its rows.

    Parameters
    ----------
    text
        ``entity/project/id``, ``project/id``, ``id``, or the address of its page.
    environment
        The environment that determines the account and the server.
    known
        What need not be read again.
    entity, project
        Where to look if `text` does not specify it.

    Attributes
    ----------
    sweep
        The sweep.

    Raises
    ------
    RemoteError
        If the server cannot be reached or has no such sweep; also while iterating.
    SweepNotFoundError
        If `text` does not name a sweep.
    """

    def __init__(
        self,
        text: str,
        environment: Mapping[str, str],
        known: CursorMap,
        *,
        entity: str = "",
        project: str = "",
    ) -> None:
        path_entity, path_project, sweep = parse_sweep_path(text)
        request = {
            "entity": path_entity or entity,
            "project": path_project or project,
            "sweep": sweep,
            "known": dict(known),
        }
        self._process = subprocess.Popen(
            **module_process(
                "wandb_magic.wandb_client.export_worker", environment=environment, working_dir=None
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._lines: queue.Queue[str] = queue.Queue(maxsize=64)
        threading.Thread(
            target=_pump, args=(self._process.stdout, self._lines), daemon=True
        ).start()
        try:
            with self._process.stdin as stream:
                stream.write(json.dumps(request))
            self.sweep = RemoteSweep(**self._next()["sweep"])
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[RemoteRun | HistoryPage]:
        while "end" not in (line := self._next()):
            if "run" in line:
                yield RemoteRun(**{**line["run"], "tags": tuple(line["run"]["tags"])})
            else:
                yield HistoryPage(tuple(line["rows"]), system=line["system"])

    def close(self) -> None:
        """End the child process, whatever it is doing."""
        self._process.kill()
        while self._lines.get():  # the last line is empty
            pass
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _next(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=TIMEOUT_S)
        except queue.Empty:
            raise RemoteError(
                f"no response from W&B for {TIMEOUT_S:.0f} s: try again", lasting=False
            ) from None
        if not line:
            self._lines.put("")  # for `close`
            raise RemoteError("the process that reads W&B ended early: try again", lasting=False)
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise RemoteError(message["error"], lasting=message["lasting"])
        return message


def _pump(stream: IO[str], lines: queue.Queue[str]) -> None:
    for line in stream:
        lines.put(line)
    lines.put("")
