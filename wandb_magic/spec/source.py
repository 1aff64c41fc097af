"""Reads a config from a mapping, a file, or YAML text (JSON is also YAML).

It is read as PyYAML, and therefore W&B's client, reads it, with two differences: plain text such
as ``1e-5`` is marked, because it may be a number, and a key that is given twice is reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import yaml

from wandb_magic.errors import SpecError
from wandb_magic.spec.fields import Numeral

_FILE = re.compile(r"(?!.*: )[^\n]+\.(ya?ml|json)\s*", re.IGNORECASE)
_NUMERAL = "!numeral"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - PyYAML has it untyped
        # Checked here, because the constructor adds the keys of merged mappings.
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if name in seen and key.tag != _MERGE:
                line = key.start_mark.line + 1
                self.repeated.append(
                    f"line {line}: the key {key.value!r} is given twice: the last one counts, as "
                    "in W&B"
                )
            if name is not None:
                seen.add(name)
        return node

    def construct_numeral(self, node: yaml.ScalarNode) -> Numeral:
        return Numeral(self.construct_scalar(node))


_Loader.add_implicit_resolver(_NUMERAL, Numeral.PATTERN, list("-+0123456789."))
_Loader.add_constructor(_NUMERAL, _Loader.construct_numeral)


def read(
    source: Mapping[str, Any] | str | PathLike[str], notices: list[str] | None = None
) -> dict[str, Any]:
    """Return the config that `source` holds, not yet validated.

    Parameters
    ----------
    source
        The config, its text or its file.
    notices
        Where to add what the user should know.

    Raises
    ------
    SpecError
        If there is no such file, or its text is not a YAML mapping.
    """
    notices = [] if notices is None else notices
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str) and not _FILE.fullmatch(source):
        return _parse(source, "the config", notices)
    if not isinstance(source, (str, PathLike)):
        raise SpecError(
            f"a sweep config must be a mapping, YAML text or a file, not a {type(source).__name__}"
        )
    path = Path(str(source).strip()).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SpecError(f"{path} cannot be read: {reason}") from None
    return _parse(text, str(path), notices)


def _parse(text: str, origin: str, notices: list[str]) -> dict[str, Any]:
    text = text.removeprefix("\ufeff")
    try:
        config = _load_yaml(text, notices)
    except yaml.YAMLError as error:
        config = _as_json(text)  # JSON may be indented with tabs, YAML may not
        if config is None:
            raise SpecError(f"{origin} is not valid YAML: {_reason(error)}") from None
    except (ValueError, OverflowError) as error:  # for example, a date such as 2024-02-31
        raise SpecError(f"{origin} is not valid YAML: {error}") from None
    if not isinstance(config, dict):
        raise SpecError(f"{origin} must be a mapping with 'method' and 'parameters'")
    return config


def _load_yaml(text: str, notices: list[str]) -> Any:  # noqa: ANN401 - whatever the text holds
    loader = _Loader(text)
    try:
        config = loader.get_single_data()
    finally:
        loader.dispose()
    notices += loader.repeated
    return config


def _as_json(text: str) -> Any:  # noqa: ANN401 - as above
    try:
        return json.loads(text)
    except ValueError:
        return None


def _reason(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return str(error).splitlines()[0]
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem}"
