"""Faults on command: what fails, for which requests, and how often or how long."""

from __future__ import annotations

import fnmatch
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from fake_wandb_server.messages import Request

Kind = Literal["latency", "status", "reset", "hang", "partial", "lost", "kill"]
FOREVER = 3600.0


@dataclass
class Fault:
    """One fault.

    Attributes
    ----------
    kind
        ``latency``: answered after `seconds`; ``status``: refused with `status`; ``reset``: the
        connection is closed at once, nothing is done; ``hang``: no response for `seconds`, then
        the connection is closed; ``partial``: as ``hang``, but the first half of a history in the
        request is stored, and a request without one is answered; ``lost``: the request is carried
        out, and the connection closed before the response; ``kill``: as ``lost``, and the server
        dies, which requires a separate process.
    match
        A pattern for the operation's name, or for the path.
    times
        The number of requests it affects; None for all until `until`.
    until
        When it ends, in seconds since the epoch.
    after
        The number of matching requests that are answered before it starts.
    """

    kind: Kind
    match: str = "*"
    times: int | None = None
    until: float | None = None
    after: int = 0
    status: int = 500
    message: str = "a fault on command"
    seconds: float = FOREVER
    headers: dict[str, str] = field(default_factory=dict)
    hits: int = 0

    def fits(self, request: Request) -> bool:
        names = (request.operation, request.path.partition("?")[0])
        return any(fnmatch.fnmatchcase(name, self.match) for name in names)

    @property
    def over(self) -> bool:
        spent = self.times is not None and self.hits >= self.times
        return spent or (self.until is not None and time.time() >= self.until)


class Faults:
    """All faults of a server; the first that matches a request is applied."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, faults: Iterable[Fault] | None = None) -> None:
        """End some faults, or all."""
        removed = {id(fault) for fault in faults} if faults is not None else None
        with self._lock:
            self._faults = [
                each for each in self._faults if removed is not None and id(each) not in removed
            ]

    def take(self, request: Request) -> Fault | None:
        """Return the fault that applies to a request."""
        if request.route[0] == "admin":
            return None
        with self._lock:
            for fault in self._faults:
                if fault.over or not fault.fits(request):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.hits += 1
                return fault
        return None
