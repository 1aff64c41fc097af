"""Reads back what runs logged: all of it, sampled, or the last part."""

from __future__ import annotations

import json
import math
from typing import Any

from fake_wandb_server.graphql import Args, Node, Resolver
from fake_wandb_server.state import Run

SAMPLES = 500


def fields(run: Run) -> dict[str, Resolver | object]:
    """Return the fields of a run that read its history."""
    return {
        "history": lambda args: [json.dumps(row) for row in spelled(window(run.history, args))],
        "events": lambda args: [
            json.dumps(row) for row in sampled(run.events, args.get("samples"))
        ],
        "sampledHistory": lambda args: [
            specified(run, json.loads(spec)) for spec in listed(args["specs"])
        ],
        "parquetHistory": lambda args: Node(
            "ParquetHistory",
            {
                "parquetUrls": [],
                "liveData": spelled(
                    [row for row in run.history if has(row, args.get("liveKeys"))]
                ),
            },
        ),
        "historyKeys": lambda _: spelled(keys(run)),
    }


def spelled(value: Any) -> Any:
    """Return a value without numbers that JSON cannot represent: W&B sends ``"NaN"`` instead."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: spelled(each) for key, each in value.items()}
    return [spelled(each) for each in value] if isinstance(value, list) else value


def listed(value: str | list[str]) -> list[str]:
    """Return a list, as GraphQL does for a single value where a list is expected."""
    return [value] if isinstance(value, str) else value


def window(rows: list[dict[str, Any]], args: Args) -> list[dict[str, Any]]:
    """Return a page of steps, or a sample of everything."""
    if args.get("minStep") is None:
        return sampled(rows, args.get("samples"))
    low, high = int(args["minStep"]), int(args["maxStep"])
    return [row for row in rows if low <= row.get("_step", 0) < high][: args.get("samples")]


def sampled(rows: list[dict[str, Any]], samples: int | None) -> list[dict[str, Any]]:
    """Return at most `samples` rows, evenly spaced, including the last."""
    samples = samples or SAMPLES
    if len(rows) <= samples:
        return rows
    step = (len(rows) - 1) / max(1, samples - 1)
    return [rows[round(number * step)] for number in range(samples)]


def has(row: dict[str, Any], names: list[str] | None) -> bool:
    return all(name in row for name in names or [])


def specified(run: Run, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that have all keys of a spec, with only these keys."""
    names = spec.get("keys")
    low, high = spec.get("minStep", 0), spec.get("maxStep", float("inf"))
    rows = [row for row in run.history if has(row, names) and low <= row.get("_step", 0) < high]
    sample = sampled(rows, spec.get("samples"))
    return [{name: row[name] for name in names} for row in sample] if names else sample


def keys(run: Run) -> dict[str, Any]:
    """Return the keys of the history, and their counts."""
    entries: dict[str, dict[str, Any]] = {}
    rows = run.history
    for row in rows:
        for name, value in row.items():
            kind = "number" if isinstance(value, int | float) else type(value).__name__
            entry = entries.setdefault(
                name, {"typeCounts": [{"type": kind, "count": 0}], "monotonic": False}
            )
            entry["typeCounts"][0]["count"] += 1
            entry["previousValue"] = value
    last = max((row.get("_step", 0) for row in rows), default=-1)
    return {"sets": [], "keys": entries, "lastStep": last}


def system_metrics(run: Run) -> dict[str, Any]:
    return {
        name: value
        for row in run.events[-1:]
        for name, value in row.items()
        if name.startswith("system.")
    }
