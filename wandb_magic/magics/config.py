"""Resolves the sweep config in ``%%wandb_sweep CONFIG``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wandb_magic.commands.parser import UsageError
from wandb_magic.commands.tokenizer import unquote

CONFIG_SUFFIXES = (".yaml", ".yml", ".json")

Config = Mapping[str, Any] | str | os.PathLike[str]


def resolve_config(text: str, namespace: dict[str, Any]) -> Config:
    """Return the config: a file, a W&B sweep, or the value of `text` in the user's namespace.

    Raises
    ------
    UsageError
        If `text` is none of these, or its value is not a config. Errors raised by the expression
        itself are not changed.
    """
    __tracebackhide__ = True
    if not text:
        raise UsageError("a config is missing: %%wandb_sweep CONFIG (help: %%wandb_sweep --help)")
    from wandb_magic.wandb_client import is_sweep_path  # noqa: PLC0415 - not needed to load

    if is_sweep_path(text) and text not in namespace:
        return text
    if text.endswith(CONFIG_SUFFIXES):
        return Path(unquote(text)).expanduser()
    try:
        code = compile(text, "<%%wandb_sweep>", "eval")
    except SyntaxError:
        raise UsageError(
            f"{text!r} is not a config: name a variable, write an expression, or give a file that "
            f"ends in {', '.join(CONFIG_SUFFIXES)}"
        ) from None
    if text.isidentifier() and text not in namespace:
        raise UsageError(f"{text!r} is not defined: run the cell that defines the config first")
    value = eval(code, namespace)  # noqa: S307 - the user's own cell
    if not is_config(value):
        raise UsageError(
            f"{text} is a {type(value).__name__}: a config is a mapping, YAML text or a file"
        )
    return value  # type: ignore[no-any-return]


def is_config(value: object) -> bool:
    """Return whether `value` may be a sweep config."""
    return isinstance(value, (Mapping, str, os.PathLike))
