"""The summary, config and info of a living run, kept in memory and written as JSON when changed.

A document with much in it (histograms of every layer, long texts) changes as often as a small one;
so that it does not rewrite megabytes a second, the pauses between two writes grow with its size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wandb_magic.store.serialization import to_json

_PLAIN = (str, float, bool, type(None))  # JSON can say these in any case

BYTES_PER_SECOND = 500_000
"""What one document may write at most, on average."""


class JsonColumn:
    """A JSON object with dotted keys.

    Parameters
    ----------
    text
        What the store holds of it.
    """

    def __init__(self, text: str = "{}") -> None:
        self._values: dict[str, Any] = json.loads(text)
        self._changed = False
        self._due = 0.0

    def apply(self, update: Mapping[str, Any], remove: Sequence[str] = ()) -> None:
        """Remove keys, with all below them, then set others.

        Raises
        ------
        ValueError, TypeError, RecursionError
            If a value cannot be said in JSON; then nothing has changed.
        """
        to_json([value for value in update.values() if not isinstance(value, _PLAIN)])
        for key in remove:
            below = f"{key}."
            for gone in [name for name in self._values if name == key or name.startswith(below)]:
                del self._values[gone]
        self._values.update(update)
        self._changed = True

    def clear(self) -> None:
        """Remove all keys."""
        self._values.clear()
        self._changed = True

    def is_due(self, now: float) -> bool:
        """Tell whether it changed, and may be written at `now` (seconds of any clock)."""
        return self._changed and now >= self._due

    def text(self) -> str:
        """Return it as JSON."""
        return to_json(self._values)

    def mark_written(self, size: int, now: float) -> None:
        """Note that its present state, `size` characters long, is safe in the store."""
        self._changed = False
        self._due = now + size / BYTES_PER_SECOND
