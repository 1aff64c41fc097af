"""The keys of a config that have a meaning only in W&B's cloud.

Those that change nothing here are dropped with a notice. A ``scheduler`` with functions of the
user's own is kept; see `scheduler`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wandb_magic.spec.scheduler import CUSTOM, OWN_CODE, has_own_code

_LAUNCH_KEYS = (
    *("job", "image_uri", "launch", "queue", "resource", "resource_args", "template_variables"),
)
_SILENT = ("apiVersion", "kind")

KEYS = frozenset({*_LAUNCH_KEYS, *_SILENT, "controller", "scheduler"})

_LAUNCH = "ignored: it belongs to W&B Launch, and here the code comes from you"
_OF_LAUNCH = ("job", "num_workers", "resource", "resource_args", "docker_image", "settings")


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
    if has_own_code(config.get("scheduler")):
        _keep_scheduler(config["scheduler"], remaining, notices, problems)
    elif "scheduler" in config or remaining.get("method") == CUSTOM:
        _drop_scheduler(config, remaining, notices, problems)
    return remaining


def _keep_scheduler(
    scheduler: Mapping[str, Any],
    remaining: dict[str, Any],
    notices: list[str],
    problems: list[str],
) -> None:
    engine = scheduler.get("engine")
    if engine != "optuna":
        named = "is missing" if engine is None else f"{engine!r:.80} cannot run your code here"
        problems.append(f"scheduler.engine: {named}: write engine: optuna")
        remaining["method"] = "random"
        return
    if remaining.get("method") not in (None, CUSTOM):
        notices.append(f"method: {remaining['method']} is ignored: the scheduler's code chooses")
    remaining["method"] = CUSTOM
    remaining["scheduler"] = {
        key: value for key, value in scheduler.items() if key not in _OF_LAUNCH
    }
    if scheduler.get("search_space") and remaining.pop("parameters", None):
        notices.append("parameters: ignored, as in W&B: scheduler.search_space has them")


def _drop_scheduler(
    config: Mapping[str, Any], remaining: dict[str, Any], notices: list[str], problems: list[str]
) -> None:
    scheduler = config.get("scheduler")
    settings: Mapping[str, Any] = scheduler if isinstance(scheduler, Mapping) else {}
    engine = settings.get("engine")
    if config.get("method") != CUSTOM:
        if set(settings) & {"engine", "source", *OWN_CODE}:
            why = "the method decides how parameters are chosen"
        else:
            why = "it belongs to W&B Launch, and here the sweep's own process decides"
        notices.append(f"scheduler: ignored: {why}")
        return
    remaining["method"] = "bayes"
    if "source" in settings:
        problems.append(
            "scheduler.source: name its functions as well, with optimizer or search_space"
        )
    elif engine in ("optuna", "ax"):
        notices.append(f"method: custom with {engine} is run as bayes")
    else:
        problems.append("method: custom needs a scheduler of its own: use bayes")
