"""Hides what looks like a key or a password in texts that leave the machine.

A cell's code, a traceback or a command may hold one. A mask that hides too much costs a reader
little; a key that is shown costs its owner much.

Texts may be long and have no spaces, so every pattern takes time linear in its text: what may run
to the end of a word begins at the start of that word only, never again inside it.
"""

from __future__ import annotations

import os
import re

MASK = "•••"
_LONG_ENOUGH = 8  # an environment variable that is shorter is no key
_WHOLE = re.compile(
    r"\b[0-9a-fA-F]{40,}\b"  # W&B's keys of old
    r"|\b(local-|wandb_v\d_|sk-|gh[opsur]_|github_pat_|hf_|glpat-|xox[abprs]-|AKIA|ASIA)[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
# JSON web tokens. The look ahead says once for each word whether a token in it can end at all.
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
    """Return `text` with a mask over each secret."""
    key = os.environ.get("WANDB_API_KEY", "")
    if len(key) >= _LONG_ENOUGH:
        text = text.replace(key, MASK)
    text = _WHOLE.sub(MASK, text)
    text = _TOKEN.sub(rf"\g<before>{MASK}", text)
    text = _IN_ADDRESS.sub(rf"\1{MASK}@", text)
    return _NAMED.sub(rf"\g<name>\g<quote>{MASK}\g<quote>", text)
