"""Print the TypeScript of the wire types, which modules of `wandb_magic.server` define."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import ModuleType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

PLAIN = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    Any: "unknown",
}


def typescript(*modules: ModuleType) -> str:
    """Return the types of modules as TypeScript, in the same order."""
    names: dict[object, str] = {**PLAIN}
    lines = [f"// Made by scripts/wire from {', '.join(module.__name__ for module in modules)}."]
    for module in modules:
        lines += _types(module, names)
    return "\n".join(lines) + "\n"


def _types(module: ModuleType, names: dict[object, str]) -> Iterator[str]:
    for name, value in vars(module).items():
        if is_typeddict(value) and value.__module__ == module.__name__:
            yield f"\n/** {' '.join((inspect.getdoc(value) or '').split())} */"
            yield f"export interface {name} {{"
            for field, hint in get_type_hints(value, vars(module)).items():
                yield f"  {field}: {_type(hint, names)};"
            yield "}"
        elif get_origin(value) in (Literal, Union, UnionType) and value not in names:
            yield f"\nexport type {name} = {_type(value, names)};"
            names[value] = name


def _type(hint: object, names: dict[object, str]) -> str:
    if hint in names:
        return names[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " | ".join(f"'{value}'" for value in arguments)
    parts = [_type(argument, names) for argument in arguments]
    if origin is list:
        return f"({parts[0]})[]" if "|" in parts[0] else f"{parts[0]}[]"
    if origin is dict:
        return f"Record<string, {parts[1]}>"
    return " | ".join(parts) or getattr(hint, "__name__", "")


if __name__ == "__main__":
    from wandb_magic.server import message_schemas, request_body, schemas

    sys.stdout.write(typescript(schemas, request_body, message_schemas))
