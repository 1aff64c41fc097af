"""The keys of a config that mean something only in W&B's cloud.

Those that change nothing here are dropped with a notice. Refused is only what would leave the
parameters to code that cannot run here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LAUNCH_KEYS = (
    *("job", "image_uri", "launch", "queue", "resource", "resource_args", "template_variables"),
)
_SILENT = ("apiVersion", "kind")

KEYS = frozenset({*_LAUNCH_KEYS, *_SILENT, "controller", "metrics", "scheduler"})

_LAUNCH = "ignored: it belongs to W&B Launch, and here the code comes from you"
_OWN_SAMPLER = ("source", "optimizer", "search_space")


def drop_cloud_keys(
    config: Mapping[str, Any], notices: list[str], problems: list[str]
) -> dict[str, Any]:
    """Return `config` without its cloud-only keys; add to `notices` and `problems`."""
    kept = {key: value for key, value in config.items() if key not in KEYS}
    notices += [f"{key}: {_LAUNCH}" for key in _LAUNCH_KEYS if key in config]
    if "controller" in config:
        notices.append("controller: ignored: the sweep's own process decides")
    if config.get("kind", "sweep") != "sweep":
        notices.append(f"kind: {config['kind']!r:.80} is ignored: this is a sweep")
    if "metrics" in config:
        _drop_metrics(config, kept, notices, problems)
    if "scheduler" in config or kept.get("method") == "custom":
        _drop_scheduler(config, kept, notices, problems)
    return kept


def _drop_metrics(
    config: Mapping[str, Any], kept: dict[str, Any], notices: list[str], problems: list[str]
) -> None:
    metrics = config["metrics"]
    if "metric" in config:
        notices.append("metrics: ignored: metric is given, and counts")
    elif isinstance(metrics, list) and len(metrics) == 1:
        kept["metric"] = metrics[0]
    elif config.get("method") in ("grid", "random"):
        notices.append(
            f"metrics: ignored: {config['method']} search follows none, and several objectives at "
            "once are not supported: use one metric to see which run is best"
        )
    else:
        problems.append("metrics: several objectives at once are not supported: use one metric")


def _drop_scheduler(
    config: Mapping[str, Any], kept: dict[str, Any], notices: list[str], problems: list[str]
) -> None:
    scheduler = config.get("scheduler")
    given: Mapping[str, Any] = scheduler if isinstance(scheduler, Mapping) else {}
    engine = given.get("engine")
    if config.get("method") != "custom":
        if set(given) & {"engine", *_OWN_SAMPLER}:
            why = "the method decides how parameters are chosen"
        else:
            why = "it belongs to W&B Launch, and here the sweep's own process decides"
        notices.append(f"scheduler: ignored: {why}")
        return
    own = [
        f"scheduler.{key}: code of your own that chooses parameters cannot run here: remove it"
        for key in _OWN_SAMPLER
        if key in given
    ]
    kept["method"] = "bayes"
    if own:
        problems += own
    elif engine in ("optuna", "ax"):
        notices.append(f"method: custom with {engine} is run as bayes")
    else:
        problems.append("method: custom needs a scheduler of its own: use bayes")
