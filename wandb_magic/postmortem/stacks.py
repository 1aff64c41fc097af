"""Reads the stacks that a run has written: when it was asked, or when a signal ended it."""

from __future__ import annotations

import re

_THREAD = re.compile(r"^(?:Current thread|Thread) (0x[0-9a-f]+)", re.MULTILINE)
_FATAL = "Fatal Python error: "


def last_stack(text: str) -> str:
    """Return the last dump of all threads in a text that may have several, one after another."""
    start = text.rfind(_FATAL)
    if start >= 0:
        return text[start:].strip()
    begin, seen = 0, set[str]()
    for match in _THREAD.finditer(text):
        if match[1] in seen:  # each dump names a thread once
            begin = match.start()
            seen.clear()
        seen.add(match[1])
    return text[begin:].strip()
