"""Where a config comes from: a mapping, a file, or YAML text (JSON is YAML, too).

Numbers are read as YAML 1.2 does, so ``1e-5`` is one; a key given twice is refused, because YAML
itself would silently drop the first.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

from wandb_magic.errors import SpecError

_FILE = re.compile(r"(?!.*: )[^\n]+\.(ya?ml|json)\s*", re.IGNORECASE)
_FLOAT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+")


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def read(source: Mapping[str, Any] | str | PathLike[str]) -> dict[str, Any]:
    """Return the config that `source` holds, not yet validated.

    Raises
    ------
    SpecError
        If there is no such file, or its text is no YAML mapping.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str) and not _FILE.fullmatch(source):
        return _parse(source, "the config")
    if not isinstance(source, (str, PathLike)):
        raise SpecError(
            f"a sweep config must be a mapping, YAML text or a file, not a {type(source).__name__}"
        )
    path = Path(str(source).strip()).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise SpecError(f"{path} cannot be read: {reason}") from None
    return _parse(text, str(path))


def _parse(text: str, origin: str) -> dict[str, Any]:
    try:
        config = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise SpecError(f"{origin} is no YAML: {_reason(error)}") from None
    if not isinstance(config, dict):
        raise SpecError(f"{origin} must be a mapping with 'method' and 'parameters'")
    return config


def _reason(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return str(error).splitlines()[0]
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
