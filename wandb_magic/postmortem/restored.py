"""What the file of a failure restores in place of values that cannot leave their process.

Its pickles name the functions and classes of this module.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


class Unrestored:
    """Stands for a value that could not be restored: it has its type and its repr.

    Attributes of the original that could be restored are attributes here.

    Parameters
    ----------
    type_name
        The name of its type, with the module.
    text
        Its repr.
    attributes
        The attributes that could be restored.
    """

    def __init__(
        self, type_name: str, text: str, attributes: dict[str, Any] | None = None
    ) -> None:
        self.__dict__.update(attributes or {})
        self._wandb_magic_type = type_name
        self._wandb_magic_repr = text

    @property
    def type_name(self) -> str:
        """The name of the original's type."""
        return self._wandb_magic_type

    def __repr__(self) -> str:
        return f"<not restored: {self._wandb_magic_repr}>"


class RestoredConfig(dict[str, Any]):
    """The config of a W&B run, with its keys as attributes, as in ``run.config``."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a parameter may be anything
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r}") from None


class RestoredRun:
    """A W&B run as it was when it failed: its id, name, config and summary.

    Parameters
    ----------
    id_, name
        Those of the run.
    config, summary
        Their contents.
    """

    def __init__(
        self, id_: str, name: str, config: dict[str, Any], summary: dict[str, Any]
    ) -> None:
        self.id = id_
        self.name = name
        self.config = RestoredConfig(config)
        self.summary = RestoredConfig(summary)

    def __repr__(self) -> str:
        return f"<W&B run {self.id}, as it was when it failed>"


def restore_exception(
    kind: type[BaseException], arguments: tuple[Any, ...], state: dict[str, Any]
) -> BaseException:
    """Return an exception without calling its ``__init__``, which may take other arguments."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(state)
    return error


def restore_module(name: str) -> Any:  # noqa: ANN401 - a module, or what stands for it
    """Return a module; what stands for it if it cannot be imported here."""
    if name in sys.modules:
        return sys.modules[name]
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - a module may raise anything
        return Unrestored("module", f"<module {name!r}: {type(error).__name__} here>")
