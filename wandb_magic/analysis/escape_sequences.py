"""Removes from a text what it would tell a terminal to do: colours, links, titles, movements."""

from __future__ import annotations

import re

# ECMA-48, as in the panel: control sequences; strings (titles, links, images), which end with
# their line at the latest, so that one without its end hides nothing else; all other sequences. A
# lone escape character is one, too. Sequences that start with a character above U+007F are left
# out, because these characters also come from text in a wrong encoding.
_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)?|[ -/]*[0-~]?)"
)


def strip_escape_sequences(text: str) -> str:
    """Return a text without escape sequences; all other control characters are kept."""
    return _SEQUENCE.sub("", text)
