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

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def plain_line(text: str) -> str:
    """Return a text on one line, without escape sequences and control characters.

    Neither a terminal nor a viewer obeys what is in it, such as a change of the direction.
    """
    return _CONTROL.sub(" ", strip_escape_sequences(text)).strip()


def strip_escape_sequences(text: str) -> str:
    """Return a text without escape sequences; all other control characters are kept."""
    return _SEQUENCE.sub("", text)
