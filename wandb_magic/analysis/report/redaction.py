"""Masks what looks like a key or a password in texts that leave the machine.

A cell's code, a traceback or a command may contain one. Masking too much costs a reader little;
revealing a key costs its owner much.

Texts may be long and have no spaces, so every pattern takes linear time: a match that may extend
to the end of a word can start only at the start of that word, never inside it.
"""

from __future__ import annotations

import os
import re

from wandb_magic.analysis.escape_sequences import strip_escape_sequences

MASK = "•••"
_LONG_ENOUGH = 8  # a shorter environment variable is not a key
_WHOLE = re.compile(
    r"\b[0-9a-fA-F]{40,}\b"  # W&B's old keys
    r"|\b(local-|wandb_v\d_|sk-|gh[opsur]_|github_pat_|hf_|glpat-|xox[abprs]-|AKIA|ASIA)[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
# JSON web tokens. The lookahead checks once for each word whether it can contain a token at all.
_TOKEN = re.compile(
    r"(?<![\w-])(?=[\w-]*\.[\w.-]{8})(?P<before>[\w-]*?)\beyJ[\w-]{8,}\.[\w.-]{8,}"
)
_IN_ADDRESS = re.compile(r"(://)[^/\s@\"']+@")
_NAMED = re.compile(
    r"(?<![\w.-])(?=[\w.-]*?(?:api[_-]?key|token|secret|passw(?:or)?d|credential))"
    r"(?P<name>[\w.-]+[\"']?\s*(?:\]\s*)?(?:=(?!=)|:)\s*)"
    r"(?P<quote>[\"'])(?P<value>[^\"'\n]{6,})(?P=quote)",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return `text` with each secret masked, and without escape sequences.

    A secret is found only without them: colours may stand before it, after it and within it.
    """
    text = strip_escape_sequences(text)
    key = os.environ.get("WANDB_API_KEY", "")
    if len(key) >= _LONG_ENOUGH:
        text = text.replace(key, MASK)
    text = _WHOLE.sub(MASK, text)
    text = _TOKEN.sub(rf"\g<before>{MASK}", text)
    text = _IN_ADDRESS.sub(rf"\1{MASK}@", text)
    return _NAMED.sub(rf"\g<name>\g<quote>{MASK}\g<quote>", text)
