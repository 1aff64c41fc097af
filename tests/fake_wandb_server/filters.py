"""The part of MongoDB's query language that the public API uses for runs, and its orders."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fake_wandb_server.state import Run

MISSING = object()

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$gt": lambda value, wanted: value is not MISSING and value > wanted,
    "$gte": lambda value, wanted: value is not MISSING and value >= wanted,
    "$lt": lambda value, wanted: value is not MISSING and value < wanted,
    "$lte": lambda value, wanted: value is not MISSING and value <= wanted,
    "$in": lambda value, wanted: (
        value in wanted or (isinstance(value, list) and bool(set(value) & set(wanted)))
    ),
    "$nin": lambda value, wanted: value not in wanted,
    "$exists": lambda value, wanted: (value is not MISSING) == wanted,
    "$regex": lambda value, wanted: (
        isinstance(value, str) and re.search(wanted, value) is not None
    ),
}


def value_of(run: Run, name: str) -> Any:
    """Return the value that a name in a filter refers to."""
    if name.startswith("config."):
        return within(run.config, name.removeprefix("config.").removesuffix(".value"))
    if name.startswith("summary_metrics."):
        return within(run.summary, name.removeprefix("summary_metrics."))
    return {
        "name": run.name,
        "displayName": run.display_name,
        "display_name": run.display_name,
        "state": run.state,
        "sweep": run.sweep,
        "sweepName": run.sweep,
        "group": run.group,
        "jobType": run.job_type,
        "tags": run.tags,
        "host": run.host,
        "username": "ada",
        "created_at": run.number,
        "createdAt": run.number,
        "heartbeat_at": run.heartbeat,
    }.get(name, MISSING)


def within(values: Any, path: str) -> Any:
    """Return a value by dotted name."""
    if isinstance(values, dict) and path in values:
        return values[path]
    head, _, rest = path.partition(".")
    if rest and isinstance(values, dict) and head in values:
        return within(values[head], rest)
    return MISSING


def matches(run: Run, condition: dict[str, Any]) -> bool:
    """Return whether a run matches."""
    for name, expected in condition.items():
        if name == "$and":
            fits = all(matches(run, each) for each in expected)
        elif name == "$or":
            fits = any(matches(run, each) for each in expected)
        elif name == "$nor":
            fits = not any(matches(run, each) for each in expected)
        else:
            value = value_of(run, name)
            if (
                isinstance(expected, dict)
                and expected
                and all(key.startswith("$") for key in expected)
            ):
                fits = all(OPERATORS[key](value, each) for key, each in expected.items())
            else:
                fits = value == expected or (isinstance(value, list) and expected in value)
        if not fits:
            return False
    return True


def sort_key(run: Run, order: str) -> tuple[int, Any]:
    """Return the sort key of a run; runs without the value come last."""
    value = value_of(run, order.lstrip("+-"))
    has_value = isinstance(value, int | float)
    if order[0] == "-":
        return (1, value) if has_value else (0, 0)
    return (0, value) if has_value else (1, 0)
