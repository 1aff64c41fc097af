"""W&B's ``metrics``, several objectives at once, and our ``constraints``.

As in W&B, ``metrics`` counts more than ``metric``, and a list with one entry is the same as that
entry.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

_BOUND = re.compile(r"\s*(?P<name>\S+)\s*(?P<sign><=|>=)\s*(?P<bound>\S+)\s*")
_BOUNDS = {"<=": "max", ">=": "min"}
_OURS = ("metrics", "constraints", "forbid")
_SINGLE = {
    "target": "a sweep with several metrics ends by its number of runs",
    "summary": "with several metrics, the values in the run's summary count",
    "impute": "with several metrics, a failed run counts as one that breaks a constraint",
    "impute_while_running": "with several metrics, a run counts once it has ended",
}


def split_metrics(
    config: Mapping[str, Any], notices: list[str], problems: list[str]
) -> dict[str, Any]:
    """Return `config` with either ``metric`` or several ``metrics``.

    What is ignored is added to `notices`, and what is wrong to `problems`.
    """
    if "metrics" not in config:
        return dict(config)
    config = dict(config)
    metrics = config.pop("metrics")
    if not isinstance(metrics, (list, tuple)) or not metrics:
        problems.append(
            f"metrics: must be a list, not {metrics!r:.80}: "
            "write [{name: ..., goal: minimize}, ...]"
        )
        return {**config, "metrics": []}
    if "metric" in config:
        notices.append("metric: ignored, as in W&B: metrics takes precedence")
        del config["metric"]
    if len(metrics) == 1:
        config["metric"] = metrics[0]
    else:
        config["metrics"] = list(metrics)
    return config


def wandb_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as W&B's server understands it: only its own keys, and the first metric."""
    remaining = {key: value for key, value in config.items() if key not in _OURS}
    if metrics := config.get("metrics"):
        remaining["metric"] = metrics[0]
    if isinstance(remaining.get("metric"), Mapping):
        metric = remaining["metric"].items()
        remaining["metric"] = {key: value for key, value in metric if key != "summary"}
    rule = remaining.get("early_terminate")
    if isinstance(rule, Mapping) and rule.get("type") != "hyperband":
        del remaining["early_terminate"]
    if isinstance(remaining.get("parameters"), Mapping):
        remaining["parameters"] = _without_when(remaining["parameters"])
    return remaining


def _without_when(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            key: _without_when(value) if key == "parameters" else value
            for key, value in entry.items()
            if key != "when"
        }
        if isinstance(entry, Mapping)
        else entry
        for name, entry in entries.items()
    }


def drop_single_fields(
    metric: Mapping[str, Any], place: str, notices: list[str]
) -> dict[str, Any]:
    """Return one of several metrics without what only a single one can have."""
    notices += [f"{place}.{key}: ignored: {why}" for key, why in _SINGLE.items() if key in metric]
    return {key: value for key, value in metric.items() if key not in _SINGLE}


def expand_constraints(value: object, problems: list[str]) -> list[Any]:
    """Return the constraints as a list; text such as ``latency <= 50`` becomes a mapping."""
    entries = value if isinstance(value, (list, tuple)) else [value]
    if not entries:
        problems.append("constraints: is empty: give at least one, or remove it")
    return [_expand(entry) for entry in entries]


def _expand(entry: object) -> object:
    match = _BOUND.fullmatch(entry) if isinstance(entry, str) else None
    if match is None:
        return entry
    return {"name": match["name"], _BOUNDS[match["sign"]]: match["bound"]}


def repeated_names(metrics: object) -> list[str]:
    """Return the problem of each name that more than one of several metrics has."""
    if not isinstance(metrics, (list, tuple)):
        return []
    names = Counter(str(metric.get("name")) for metric in metrics if isinstance(metric, Mapping))
    return [
        f"metrics: {name!r} is listed {count} times: list each metric once"
        for name, count in names.items()
        if count > 1
    ]
