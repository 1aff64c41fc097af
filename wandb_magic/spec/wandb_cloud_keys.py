"""The keys of a config that have a meaning only in W&B's cloud.

Those that change nothing here are dropped with a notice. Only a config that leaves the choice of
parameters to code that cannot run here is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LAUNCH_KEYS = (
    *("job", "image_uri", "launch", "queue", "resource", "resource_args", "template_variables"),
)
_SILENT = ("apiVersion", "kind")

KEYS = frozenset({*_LAUNCH_KEYS, *_SILENT, "controller", "scheduler"})

_LAUNCH = "ignored: it belongs to W&B Launch, and here the code comes from you"
_OWN_SAMPLER = ("source", "optimizer", "search_space")


def drop_cloud_keys(
    config: Mapping[str, Any], notices: list[str], problems: list[str]
) -> dict[str, Any]:
    """Return `config` without its cloud-only keys; add to `notices` and `problems`."""
    remaining = {key: value for key, value in config.items() if key not in KEYS}
    notices += [f"{key}: {_LAUNCH}" for key in _LAUNCH_KEYS if key in config]
    if "controller" in config:
        notices.append("controller: ignored: the sweep's own process decides")
    if config.get("kind", "sweep") != "sweep":
        notices.append(f"kind: {config['kind']!r:.80} is ignored: this is a sweep")
    if "scheduler" in config or remaining.get("method") == "custom":
        _drop_scheduler(config, remaining, notices, problems)
    return remaining


def _drop_scheduler(
    config: Mapping[str, Any], remaining: dict[str, Any], notices: list[str], problems: list[str]
) -> None:
    scheduler = config.get("scheduler")
    settings: Mapping[str, Any] = scheduler if isinstance(scheduler, Mapping) else {}
    engine = settings.get("engine")
    if config.get("method") != "custom":
        if set(settings) & {"engine", *_OWN_SAMPLER}:
            why = "the method decides how parameters are chosen"
        else:
            why = "it belongs to W&B Launch, and here the sweep's own process decides"
        notices.append(f"scheduler: ignored: {why}")
        return
    unsupported = [
        f"scheduler.{key}: code of your own that chooses parameters cannot run here: remove it"
        for key in _OWN_SAMPLER
        if key in settings
    ]
    remaining["method"] = "bayes"
    if unsupported:
        problems += unsupported
    elif engine in ("optuna", "ax"):
        notices.append(f"method: custom with {engine} is run as bayes")
    else:
        problems.append("method: custom needs a scheduler of its own: use bayes")
