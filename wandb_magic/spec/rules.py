"""The rules that span several keys of a config, and the defaults for what a config leaves open.

They work on user input before it is validated, so that all problems are reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wandb_magic.spec.conditions import Path
from wandb_magic.spec.continuous import ExponentBounds
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.parameters import KEYS, Tree, distribution_name, leaves
from wandb_magic.spec.scheduler import CUSTOM, scheduler_violations
from wandb_magic.spec.validation_errors import suggest

GRID = frozenset({"constant", "categorical", "int_uniform", "q_uniform"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_REMEDIES = {"categorical_w_probabilities": "remove the probabilities"}


def looks_like_parameters(config: Mapping[str, Any]) -> bool:
    """Return whether `config` is a parameters section by itself."""
    return (
        bool(config)
        and not {"method", "parameters"} & set(config)
        and all(isinstance(entry, Mapping) and KEYS & set(entry) for entry in config.values())
    )


def is_finite(parameters: object) -> bool:
    """Return whether grid search can exhaust a parameters section."""
    if not isinstance(parameters, Mapping):
        return False
    return all(
        is_finite(entry["parameters"])
        if "parameters" in entry
        else distribution_name(entry) in GRID
        for entry in parameters.values()
        if isinstance(entry, Mapping)
    )


def violations(config: Mapping[str, Any], tree: Tree) -> Iterator[str]:
    """Yield the problems between the keys of `config`, whose valid parameters are in `tree`."""
    distributions = dict(leaves(tree))
    method = config.get("method")
    if method == "bayes":
        if config.get("metric") is None and "metrics" not in config:
            yield (
                "metric: bayes needs to know what to optimise: "
                "add metric: {name: ..., goal: minimize}"
            )
        if distributions and all(
            kind.distribution == "constant" for kind in distributions.values()
        ):
            yield "method: bayes needs a parameter that varies: use grid to run constants once"
    yield from _mutation_violations(config, {".".join(path) for path in distributions})
    if "constraints" in config and not {"metric", "metrics"} & config.keys():
        yield (
            "constraints: there is nothing that a run could be the best in: "
            "add metric: {name: ..., goal: minimize}"
        )
    if method == "grid":
        yield from _grid_violations(distributions)
    if method == CUSTOM:
        yield from scheduler_violations(config, distributions)


def _mutation_violations(config: Mapping[str, Any], names: Collection[str]) -> Iterator[str]:
    rule = config.get("early_terminate")
    if not isinstance(rule, Mapping) or rule.get("type") != "pbt":
        return
    place = "early_terminate.hyperparam_mutations"
    if not names:
        yield "early_terminate: pbt changes the config's parameters: list them, or use asha"
    for name in rule.get("hyperparam_mutations") or ():
        if names and name not in names:
            yield f"{place}: there is no parameter {name!r:.80}: {suggest(name, names)}"


def _grid_violations(distributions: Mapping[Path, Distribution]) -> Iterator[str]:
    for path, entry in distributions.items():
        name = entry.distribution
        if name not in GRID:
            remedy = _REMEDIES.get(name, "list its values")
            yield (
                f"{place(path)}: grid cannot go through {name}: {remedy}, or use method: random"
            )


def place(path: Path) -> str:
    """Return where in a config the parameter at `path` is."""
    return "parameters." + ".parameters.".join(path)


def inferred_defaults(config: Mapping[str, Any], tree: Tree) -> Iterator[str]:
    """Yield what a user may not know about a valid config."""
    metrics = {f"metrics.{i}": each for i, each in enumerate(config.get("metrics", ()))}
    for where, metric in {"metric": config.get("metric"), **metrics}.items():
        if isinstance(metric, Mapping) and "goal" not in metric:
            yield f"{where}.goal: not given, so {metric.get('name')!r} is minimized"
    if metrics and config.get("early_terminate"):
        first = config["metrics"][0]
        name = first.get("name") if isinstance(first, Mapping) else first
        yield f"early_terminate: runs are judged by {name!r}, the first of the metrics"
    for path, entry in leaves(tree):
        if not all(map(_NAME.fullmatch, path)):
            yield f"{place(path)}: W&B's names have letters, digits, _, - and . only"
        if isinstance(entry, ExponentBounds):
            low, high = entry.support
            yield (
                f"{place(path)}: {entry.distribution} takes exponents of e as bounds, so values "
                f"go from {low:.4g} to {high:.4g}; {entry.distribution}_values takes the values"
            )
