"""Encodes points as blobs and decodes them, without numpy, which the supervisor does not need.

Evenly spaced steps, the common case, are two numbers; other steps, and times, are compressed
differences. Values are doubles in the byte order of every supported machine, compressed if that
saves a quarter: it does for counters and constants, but not for noisy metrics.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub
from typing import NamedTuple

DOUBLE = 8
"""Size in bytes of an uncompressed value."""

MILLISECONDS = 1000
_LEVEL = 1
_WORTH = 0.75


class Steps(NamedTuple):
    """Packed steps: `first` and `stride`, or `first` and compressed differences."""

    first: int
    stride: int
    blob: bytes | None


def pack_steps(steps: Sequence[int]) -> Steps:
    """Pack at least one step."""
    first = steps[0]
    stride = steps[1] - first if len(steps) > 1 else 1
    if all(step == first + n * stride for n, step in enumerate(steps)):
        return Steps(first, stride, None)
    return Steps(first, 0, _pack_differences(steps))


def unpack_steps(packed: Steps, count: int) -> Sequence[int]:
    """Return the `count` steps that were packed."""
    first, stride, blob = packed
    if blob is None:
        return [first + n * stride for n in range(count)]
    return _unpack_differences(blob)


def pack_times(times: Sequence[float]) -> bytes:
    """Pack times in seconds, to the millisecond."""
    return _pack_differences([round(time * MILLISECONDS) for time in times])


def unpack_times(blob: bytes) -> list[float]:
    """Return the times that were packed."""
    return [time / MILLISECONDS for time in _unpack_differences(blob)]


def pack_values(values: Sequence[float]) -> bytes:
    """Pack values; NaN and infinities are preserved."""
    raw = array("d", values).tobytes()
    packed = zlib.compress(raw, _LEVEL)
    return packed if len(packed) < _WORTH * len(raw) else raw


def unpack_values(blob: bytes, count: int) -> array[float]:
    """Return the `count` values that were packed."""
    return array("d", blob if len(blob) == DOUBLE * count else zlib.decompress(blob))


def _pack_differences(numbers: Sequence[int]) -> bytes:
    differences = chain(numbers[:1], map(sub, numbers[1:], numbers))
    return zlib.compress(array("q", differences).tobytes(), _LEVEL)


def _unpack_differences(blob: bytes) -> list[int]:
    return list(accumulate(array("q", zlib.decompress(blob))))
