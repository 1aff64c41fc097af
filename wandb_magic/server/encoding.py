"""Encodes wire objects as JSON, piece by piece.

The standard library's encoder lets no other thread run until it has finished. Encoding a large
list at once would block the server's event loop; encoding its elements one by one does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

DEPTH = 3  # a message, its page, the page's rows


def to_json(value: Any, depth: int = DEPTH) -> str:  # noqa: ANN401 - a JSON value
    """Return a JSON value as text; NaN and infinities are errors."""
    if depth and isinstance(value, Mapping):
        items = (f"{json.dumps(key)}:{to_json(each, depth - 1)}" for key, each in value.items())
        return f"{{{','.join(items)}}}"
    if depth and isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return f"[{','.join(to_json(each, 0) for each in value)}]"
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
