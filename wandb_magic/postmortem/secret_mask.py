"""Masks secrets in what a failed run leaves behind: in texts, and in the texts within values.

The rules are those of reports, and in addition the values of environment variables that are never
written to disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from wandb_magic.analysis.report.redaction import MASK, redact
from wandb_magic.bundle.freeze import SHORTEST_SECRET
from wandb_magic.bundle.manifest import recordable_environment

_LONGEST = 1_000_000  # characters of a text that is searched; the rest of a longer one is dropped
_MIN_NAMED = 6  # characters of a value whose name looks like that of a secret, as in `redaction`
_PLAIN = frozenset({int, float, bool, complex, type(None)})


class SecretMask:
    """Masks secrets; a value without any is returned as it is, never copied.

    Parameters
    ----------
    check
        Called now and then; it raises an error once the time for all this is up.
    """

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self._check = check
        self._searched: dict[int, tuple[Any, Any]] = {}  # with the container, which keeps its id
        environment = dict(os.environ)
        recordable = recordable_environment(environment)
        self._secrets = sorted(
            (
                value
                for name, value in environment.items()
                if name not in recordable and len(value) >= SHORTEST_SECRET
            ),
            key=len,
            reverse=True,
        )
        self._open: set[int] = set()  # containers that are being searched: one may contain itself

    def forget(self) -> None:
        """Drop what was searched: the next value is another one."""
        self._searched.clear()

    def text(self, text: str, name: str = "") -> str:
        """Return a text with its secrets masked.

        Parameters
        ----------
        text
            The text.
        name
            The name of the variable, key or attribute that has it.
        """
        self._check()
        if name and len(text) >= _MIN_NAMED and is_secret_name(name):
            return MASK
        if len(text) > _LONGEST:
            text = text[:_LONGEST]
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        masked = redact(text)  # which also removes escape sequences: not reason enough to change
        return masked if masked.count(MASK) > text.count(MASK) else text

    def value(self, value: Any, name: str = "") -> Any:  # noqa: ANN401 - any value
        """Return a value with the secrets masked that plain containers in it hold."""
        kind = type(value)
        if kind is str:
            return self.text(value, name)
        if kind is bytes:
            return self._bytes(value, name)
        if kind not in (dict, list, tuple, set, frozenset) or id(value) in self._open:
            return value
        if id(value) in self._searched:
            return self._searched[id(value)][1]
        self._open.add(id(value))
        try:
            result = self._mapping(value) if kind is dict else self._collection(value)
        finally:
            self._open.discard(id(value))
        self._searched[id(value)] = (value, result)
        return result

    def item(self, key: Any, value: Any) -> Any:  # noqa: ANN401 - any mapping
        """Return the value of a key of a mapping, masked."""
        return self.value(value, key if type(key) is str else "")

    def _collection(self, value: Any) -> Any:  # noqa: ANN401 - a list, a tuple or a set
        if _PLAIN.issuperset(map(type, value)):
            return value
        cleaned = [self.value(each) for each in value]
        if all(new is old for new, old in zip(cleaned, value, strict=True)):
            return value
        return type(value)(cleaned)

    def _mapping(self, value: dict[Any, Any]) -> dict[Any, Any]:
        cleaned = {self.value(key): self.item(key, each) for key, each in value.items()}
        if len(cleaned) == len(value) and all(
            new is old
            for pair in zip(cleaned.items(), value.items(), strict=True)
            for new, old in zip(*pair, strict=True)
        ):
            return value
        return cleaned

    def _bytes(self, value: bytes, name: str) -> bytes:
        if len(value) > _LONGEST or len(value) < _MIN_NAMED:
            return value
        text = value.decode("latin-1")
        masked = self.text(text, name)
        return value if masked is text or masked == text else masked.encode("utf-8")


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Return whether a value with this name is masked in reports."""
    return MASK in redact(f'{name}="{"x" * _MIN_NAMED}"')
