"""The thread pools of the extension, which keep slow work from delaying fast work.

Jupyter's own threads are not used. The polling pool is deliberately small: Python runs one thread
at a time, and each additional one makes the event loop wait longer for its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

EXECUTORS = "wandb_magic_executors"
"""The key of the executors in the server's settings."""

T = TypeVar("T")


class Executor:
    """A thread pool; work is submitted from the event loop."""

    def __init__(self, name: str, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, f"wandb-magic-{name}")
        self.closed = False

    async def submit(self, work: Callable[[], T]) -> T:
        """Run blocking work in a thread, and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Accept no more work, and cancel pending work."""
        self.closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)


class Executors:
    """One thread pool for each kind of work.

    Attributes
    ----------
    polling
        Polls for changes that clients have subscribed to.
    reading
        Reads answers to HTTP requests.
    computing
        Runs long computations, one at a time.
    requests
        Waits for supervisors.
    """

    def __init__(self) -> None:
        self.polling = Executor("pages", 2)
        self.reading = Executor("answers", 4)
        self.computing = Executor("costly", 1)
        self.requests = Executor("verbs", 8)

    def close(self) -> None:
        """Accept no more work, and cancel pending work."""
        for pool in (self.polling, self.reading, self.computing, self.requests):
            pool.close()
