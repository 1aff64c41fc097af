"""The limits within which a failed run leaves its frames: time and size."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

DEBUG_MB_VARIABLE = "WANDB_MAGIC_DEBUG_MB"
"""Passes to a run how many MB its frames may take; 0 records none."""

DEFAULT_MB = 50.0
SECONDS = 1.0
"""The time for values, of the processor: what has not been pickled by then is kept as its repr."""

WALL_SECONDS = 3.0
"""The same on the wall, where the machine is busy or a value waits for something."""

_TIME_SHARE = 3  # a single value has at most this part of the time that is left
_SHARE = 2  # a single array has at most this part of what remains


class LimitError(Exception):
    """A value is too large, or there is no time left for it."""


@dataclass
class Limits:
    """What remains of the time and the size.

    Attributes
    ----------
    size
        How many bytes may still be written.
    cpu_deadline, deadline
        When the time is up, by `time.thread_time` and by `time.monotonic`.
    """

    size: int
    cpu_deadline: float
    deadline: float
    _value_deadline: float = math.inf

    @classmethod
    def begin(cls, size: int) -> Limits:
        """Return the limits of a file that is begun now, in this thread."""
        return cls(size, time.thread_time() + SECONDS, time.monotonic() + WALL_SECONDS)

    @property
    def largest(self) -> int:
        """The number of bytes that a single array may take."""
        return self.size // _SHARE

    def begin_value(self) -> None:
        """Give a value its share of the time that is left; raise `LimitError` if there is none."""
        self._value_deadline = math.inf
        self.check()
        now = time.thread_time()
        self._value_deadline = now + (self.cpu_deadline - now) / _TIME_SHARE

    def check(self) -> None:
        """Raise `LimitError` if the time is up."""
        if time.thread_time() > self._value_deadline:
            raise LimitError("it takes too long")
        if time.thread_time() > self.cpu_deadline or time.monotonic() > self.deadline:
            raise LimitError("there was no time left for it")
