"""Write the TypeScript of the wire types and of the requests."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from wandb_magic.requests import REQUESTS

PLAIN = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    Any: "unknown",
}

JSON_TYPES = {
    "string": "string",
    "integer": "number",
    "boolean": "boolean",
    "object": "Record<string, unknown>",
    "array": "string[]",
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


def requests() -> str:
    """Return the rows of `wandb_magic.requests.REQUESTS` as TypeScript."""
    run_verbs = [verb for verb, request in REQUESTS.items() if "run" in request.arguments]
    lines = [
        "// Made by scripts/wire from wandb_magic.requests.",
        "",
        "import type { RunState, SweepState, SweepSummary } from './schemas';",
        "",
        "/** The arguments of each request. */",
        "export interface RequestArguments {",
    ]
    for verb, request in REQUESTS.items():
        arguments = "; ".join(
            f"{name}{'' if argument.is_required else '?'}: {JSON_TYPES[argument.type]}"
            f"{' | null' if argument.is_nullable else ''}"
            for name, argument in request.arguments.items()
        )
        fields = f"{{ {arguments} }}" if arguments else "Record<string, never>"
        lines.append(f"  {verb}: {fields};")
    lines += [
        "}",
        "",
        "export type Verb = keyof RequestArguments;",
        "",
        "/** The requests about one run. */",
        f"export type RunVerb = {' | '.join(repr(verb) for verb in run_verbs)};",
        "",
        "/** When a request is possible, and the state of the sweep after it. */",
        "export interface IRequest {",
        "  states: readonly SweepState[];",
        "  runStates: readonly RunState[];",
        "  modes: readonly string[];",
        "  /** The count of a sweep that must not be 0. */",
        "  needs: keyof SweepSummary | null;",
        "  result: SweepState | null;",
        "}",
        "",
        "export const REQUESTS: Readonly<Record<Verb, IRequest>> = {",
    ]
    for verb, request in REQUESTS.items():
        lines += [
            f"  {verb}: {{",
            f"    states: {_array(request.states)},",
            f"    runStates: {_array(request.run_states)},",
            f"    modes: {_array(request.modes)},",
            f"    needs: {repr(request.needs) if request.needs else 'null'},",
            f"    result: {repr(request.result) if request.result else 'null'}",
            "  },",
        ]
    lines[-1] = "  }"
    return "\n".join([*lines, "};"]) + "\n"


def _array(values: tuple[str, ...]) -> str:
    return f"[{', '.join(repr(value) for value in values)}]"


if __name__ == "__main__":
    from wandb_magic.server import schemas

    folder = Path(__file__).parents[1] / "labextension" / "src" / "api"
    (folder / "schemas.ts").write_text(typescript(schemas), "utf-8")
    (folder / "requests.ts").write_text(requests(), "utf-8")
