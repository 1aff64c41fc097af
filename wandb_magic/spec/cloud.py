"""The keys of a config that mean something only in W&B's cloud.

Those that change nothing here are dropped with a notice; those that would change the result are
refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wandb_magic.spec.problems import suggest

KEYS = frozenset({"apiVersion", "controller", "image_uri", "job", "kind", "metrics", "scheduler"})

_ENGINES = ("wandb", "optuna", "ax")
_LAUNCH = "ignored: it belongs to W&B Launch, and here the code comes from you"
_OWN_SAMPLER = ("source", "optimizer", "search_space")


def settle(config: Mapping[str, Any], notices: list[str], problems: list[str]) -> dict[str, Any]:
    """Return `config` without its cloud-only keys; add to `notices` and `problems`."""
    kept = {key: value for key, value in config.items() if key not in KEYS}
    notices += [f"{key}: {_LAUNCH}" for key in ("job", "image_uri") if key in config]
    if "controller" in config:
        notices.append("controller: ignored: the sweep's own process decides")
    if config.get("kind", "sweep") != "sweep":
        problems.append(f"kind: must be sweep, not {config['kind']!r}")
    if "metrics" in config:
        _settle_metrics(config, kept, problems)
    engine = _settle_scheduler(config, notices, problems)
    if kept.get("method") == "custom":
        if engine in {"optuna", "ax"}:
            kept["method"] = "bayes"
            notices.append(f"method: custom with {engine} is run as bayes")
        elif "scheduler" not in config or engine == "wandb":
            problems.append("method: custom needs a scheduler of its own: use bayes")
            kept["method"] = "bayes"
    return kept


def _settle_metrics(config: Mapping[str, Any], kept: dict[str, Any], problems: list[str]) -> None:
    metrics = config["metrics"]
    if "metric" in config:
        problems.append("metrics: does not go with metric: remove one")
    elif not isinstance(metrics, list) or len(metrics) != 1:
        problems.append("metrics: several objectives at once are not supported: use one metric")
    else:
        kept["metric"] = metrics[0]


def _settle_scheduler(
    config: Mapping[str, Any], notices: list[str], problems: list[str]
) -> str | None:
    """Return the scheduler's engine, if it has one that is known."""
    scheduler = config.get("scheduler")
    if scheduler is None:
        return None
    if not isinstance(scheduler, Mapping):
        problems.append(
            f"scheduler: must be a mapping, not {scheduler!r}: write {{engine: optuna}}"
        )
        return None
    problems += [
        f"scheduler.{key}: code of your own that chooses parameters cannot run here: remove it"
        for key in _OWN_SAMPLER
        if key in scheduler
    ]
    allowed = ("engine", *_OWN_SAMPLER)
    problems += [
        f"scheduler: unknown key {key!r}: {suggest(key, allowed)}"
        for key in scheduler
        if key not in allowed
    ]
    engine = scheduler.get("engine")
    if engine not in _ENGINES:
        problems.append(f"scheduler.engine: must be one of {', '.join(_ENGINES)}, not {engine!r}")
        return None
    if config.get("method") != "custom":
        notices.append("scheduler: ignored: the method decides how parameters are chosen")
    return str(engine)
