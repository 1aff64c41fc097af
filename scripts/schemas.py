"""Regenerate the schemas of docs/rest-api.yml from the wire types in `wandb_magic.server`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import yaml

from wandb_magic.requests import REQUESTS

API = Path(__file__).parents[1] / "docs" / "rest-api.yml"
MARK = "  schemas: # made by scripts/wire\n"
PLAIN: dict[object, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
}


def json_schemas(*modules: ModuleType) -> dict[str, Any]:
    """Return the JSON schemas of the types of modules, by name."""
    return {"RequestBody": _request_body()} | {
        value.__name__: _object(value, module)
        for module in modules
        for value in vars(module).values()
        if is_typeddict(value) and value.__module__ == module.__name__
    }


def _request_body() -> dict[str, Any]:
    return {
        "description": "A request to a sweep.",
        "oneOf": [
            {
                "type": "object",
                "description": request.help,
                "properties": {"verb": {"const": verb}}
                | {
                    name: {"type": [row.type, "null"] if row.is_nullable else row.type}
                    | ({"items": {"type": "string"}} if row.type == "array" else {})
                    for name, row in request.arguments.items()
                },
                "required": ["verb"]
                + [name for name, row in request.arguments.items() if row.is_required],
                "additionalProperties": False,
            }
            for verb, request in REQUESTS.items()
        ],
    }


def _object(value: type, module: ModuleType) -> dict[str, Any]:
    hints = get_type_hints(value, vars(module))
    return {
        "type": "object",
        "description": " ".join((inspect.getdoc(value) or "").split()),
        "properties": {field: _schema(hint) for field, hint in hints.items()},
        "required": list(hints),
    }


def _schema(hint: Any) -> dict[str, Any]:  # noqa: ANN401 - a type of any kind
    if hint in PLAIN:
        return PLAIN[hint]
    if is_typeddict(hint):
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    assert origin in (Union, UnionType), hint
    return {"anyOf": list(_flat(arguments))}


def _flat(arguments: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    for argument in arguments:
        schema = _schema(argument)
        yield from schema.get("anyOf", [schema])


def written(*modules: ModuleType) -> str:
    """Return the description of the REST interface with its schemas regenerated."""
    begin, mark, _ = API.read_text("utf-8").partition(MARK)
    assert mark, f"{API} has no line {MARK!r}"
    dumper = yaml.SafeDumper
    dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign] # each in its place
    text = yaml.dump(json_schemas(*modules), Dumper=dumper, sort_keys=False, width=95)
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return f"{begin}{MARK}{lines}"


if __name__ == "__main__":
    from wandb_magic.server import schemas

    API.write_text(written(schemas), "utf-8")
