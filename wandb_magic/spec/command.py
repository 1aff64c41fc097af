"""W&B's ``command``: expands its macros as W&B's own agent does.

Nothing here starts a process or writes a file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from wandb_magic.records import Params
from wandb_magic.spec.fields import nonempty_list
from wandb_magic.spec.validation_errors import suggest

DEFAULT = ("${env}", "${interpreter}", "${program}", "${args}")
"""W&B's command for a config without one."""
JSON_FILE = "${args_json_file}"
"""Stands for the path of a file that holds `args_json`; the caller of `expand` writes it."""

_MACROS = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
)
_ENVVAR = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")


def validate_command(value: object) -> tuple[str, ...]:
    """Return the command as a tuple of text.

    Raises
    ------
    ValueError
        If it is not a list of plain values.
    """
    if isinstance(value, str):
        raise ValueError(f"must be a list of arguments: write {value.split()}")  # noqa: TRY004 - pydantic takes no TypeError
    return tuple(str(item) for item in nonempty_list(value))


def unknown_macros(command: Iterable[object]) -> Iterator[tuple[str, str]]:
    """Yield each macro that W&B does not know, and therefore drops, and what to do about it."""
    for word in map(str, command):
        if _is_macro(word) and not _ENVVAR.search(word) and word[2:-1] not in _MACROS:
            yield word, suggest(word[2:-1], (*_MACROS, "envvar:NAME"))


def _is_macro(word: str) -> bool:
    return word.startswith("${") and word.endswith("}")


def args_json(params: Params) -> str:
    """Return the parameters in the form of ``${args_json}``."""
    return json.dumps(params)


def expand(
    command: Sequence[str],
    params: Params,
    *,
    program: str,
    interpreter: str = "python",
    json_file: str = "",
    environment: Mapping[str, str] = os.environ,
) -> list[str]:
    """Return the arguments that start one run.

    Parameters
    ----------
    command
        The config's command; empty means W&B's default.
    params
        The parameters of the run.
    program
        The script.
    interpreter
        What ``${interpreter}`` becomes; ``python`` in W&B's agent.
    json_file
        What ``${args_json_file}`` becomes.
    environment
        Where ``${envvar:NAME}`` is looked up; a name that is not set stands for itself, as in W&B.
    """
    pairs = [f"{name}={value}" for name, value in params.items()]
    macros = {
        "env": ["/usr/bin/env"],
        "interpreter": [interpreter],
        "program": [program],
        "args": [f"--{pair}" for pair in pairs],
        "args_no_equals": [part for name in params for part in (f"--{name}", str(params[name]))],
        "args_no_hyphens": pairs,
        "args_no_boolean_flags": _flags(params),
        "args_json": [args_json(params)],
        "args_json_file": [json_file],
        "args_append_hydra": [f"+{pair}" for pair in pairs],
        "args_override_hydra": [f"++{pair}" for pair in pairs],
    }
    words: list[str] = []
    for chunk in command or DEFAULT:
        word = _ENVVAR.sub(lambda match: environment.get(match[1], match[1]), chunk)
        words += macros.get(word[2:-1], []) if _is_macro(word) else [word]
    return words


def _flags(params: Params) -> list[str]:
    """Return true as a bare flag, and nothing for false."""
    return [
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in params.items()
        if value is not False
    ]
