"""The summary, config and info of an active run, kept in memory and written as JSON if changed.

A large document (histograms of every layer, long texts) changes as often as a small one. To avoid
rewriting megabytes a second, the interval between two writes grows with the size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from wandb_magic.store.serialization import to_json

_PLAIN = (str, float, bool, type(None))  # always representable in JSON

BYTES_PER_SECOND = 500_000
"""Maximum average write rate of one document."""


class JsonColumn:
    """A JSON object with dotted keys.

    Parameters
    ----------
    text
        The document as stored.
    """

    def __init__(self, text: str = "{}") -> None:
        self._values: dict[str, Any] = json.loads(text)
        self._changed = False
        self._due = 0.0

    def apply(self, update: Mapping[str, Any], remove: Sequence[str] = ()) -> None:
        """Remove keys with everything below them, then set others.

        Raises
        ------
        ValueError, TypeError, RecursionError
            If a value cannot be represented in JSON; then nothing has changed.
        """
        to_json([value for value in update.values() if not isinstance(value, _PLAIN)])
        for key in remove:
            prefix = f"{key}."
            for name in [name for name in self._values if name == key or name.startswith(prefix)]:
                del self._values[name]
        self._values.update(update)
        self._changed = True

    def clear(self) -> None:
        """Remove all keys."""
        self._values.clear()
        self._changed = True

    def is_due(self, now: float) -> bool:
        """Return whether it has changed and may be written at `now` (seconds of any clock)."""
        return self._changed and now >= self._due

    def text(self) -> str:
        """Return the document as JSON."""
        return to_json(self._values)

    def mark_written(self, size: int, now: float) -> None:
        """Record that its present state, `size` characters long, was written to the store."""
        self._changed = False
        self._due = now + size / BYTES_PER_SECOND
