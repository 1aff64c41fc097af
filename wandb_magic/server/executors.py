"""The threads of the extension, so that nothing slow holds up what is quick.

Jupyter's own threads are left alone. The pages' threads are few on purpose: Python runs one at a
time, and each more makes the event loop wait longer for its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

EXECUTORS = "wandb_magic_executors"
"""The pools' name among the server's settings."""

T = TypeVar("T")


class Executor:
    """Some threads; asked from the event loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, f"wandb-magic-{name}")
        self.closed = False

    async def submit(self, work: Callable[[], T]) -> T:
        """Do something that may block, and return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Begin nothing more."""
        self.closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)


class Executors:
    """One pool a kind of work.

    Attributes
    ----------
    polling
        Looks whether something has changed for the pages that are open.
    reading
        Reads what is asked over HTTP.
    computing
        Computes what takes long; one at a time.
    requests
        Waits for supervisors.
    """

    def __init__(self) -> None:
        self.polling = Executor("pages", 2)
        self.reading = Executor("answers", 4)
        self.computing = Executor("costly", 1)
        self.requests = Executor("verbs", 8)

    def close(self) -> None:
        """Begin nothing more."""
        for pool in (self.polling, self.reading, self.computing, self.requests):
            pool.close()
