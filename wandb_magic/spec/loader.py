"""Turns user input into a `Spec`, or reports everything that is wrong with it at once."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wandb_magic.errors import SpecError
from wandb_magic.records import SweepRecord
from wandb_magic.spec import coercion, wandb_cloud_keys
from wandb_magic.spec.conditions import read_conditions
from wandb_magic.spec.config import Constraint, EarlyTerminate, Metric, Spec
from wandb_magic.spec.metrics import expand_constraints, repeated_names, split_metrics
from wandb_magic.spec.parameters import KEYS, build, leaves, whens
from wandb_magic.spec.rules import inferred_defaults, is_finite, looks_like_parameters, violations
from wandb_magic.spec.scheduler import Scheduler, has_own_code
from wandb_magic.spec.source import read
from wandb_magic.spec.validation_errors import format_errors, nearest

_Model = TypeVar("_Model", bound=BaseModel)
_TOP = frozenset(Spec.model_fields) - {"notices", "conditions"} | {"forbid"}
_NO_KEY = "it is not a key of a sweep config"
_SECTIONS: dict[str, type[BaseModel]] = {
    "metric": Metric,
    "early_terminate": EarlyTerminate,
    "scheduler": Scheduler,
}
_LISTS: dict[str, type[BaseModel]] = {"metrics": Metric, "constraints": Constraint}


def load(source: Mapping[str, Any] | str | PathLike[str]) -> Spec:
    """Return the validated config.

    Parameters
    ----------
    source
        A mapping, the path of a YAML or JSON file, or YAML text. A mapping of parameters alone
        is a grid if grid search on them is finite, and is searched at random otherwise.

    Returns
    -------
    Spec
        With `notices` of everything that was assumed, ignored, or read otherwise than written.

    Raises
    ------
    SpecError
        If anything is wrong: one sentence for each problem, with its place and remedy.
    """
    notices: list[str] = []
    problems: list[str] = []
    try:
        entries = read(source, notices)
        config = {str(key): value for key, value in entries.items() if value is not None}
        config = wandb_cloud_keys.drop_cloud_keys(_add_method(config, notices), notices, problems)
        config, unknown = _drop_ignored_keys(config)
        config = split_metrics(config, notices, problems)
        config = coercion.coerce_config(config, notices)
        conditions = dict(whens(config.get("parameters")))
        if config.get("scheduler", {}).get("search_space"):
            config["parameters"] = {}
        elif "parameters" in config:
            config["parameters"] = build(config["parameters"], "parameters", problems, notices)
    except RecursionError:
        raise SpecError("the config contains itself: write out what it refers to") from None
    tree = config.get("parameters", {})
    forbid = config.pop("forbid", None)
    if not problems and (conditions or forbid is not None):
        config["conditions"] = read_conditions(conditions, forbid, dict(leaves(tree)), problems)
    problems += violations(config, tree)
    notices += inferred_defaults(config, tree)
    for name, kind in _SECTIONS.items():
        if isinstance(config.get(name), Mapping):
            config[name] = _validate_model(kind, config[name], name, problems)
    _validate_lists(config, problems)
    unknown_keys = [f"unknown key {key!r}: {remedy}" for key, remedy in unknown.items() if remedy]
    notices += [
        f"{key}: ignored, as in W&B: {remedy or _NO_KEY}" for key, remedy in unknown.items()
    ]
    spec = _validate_model(Spec, {**config, "notices": tuple(notices)}, "", problems, unknown)
    if spec is None or problems:
        raise SpecError(*unknown_keys, *problems)
    return spec


def load_lenient(config: Mapping[str, Any]) -> Spec:
    """Return the config of a sweep whose parameters the W&B server chooses.

    It is valid there, even if our own search would refuse it; what we do not support is left out
    with a notice.

    Parameters
    ----------
    config
        The config as the server stores it.

    Returns
    -------
    Spec
        For a config that `load` refuses, only the metric, what the runs execute, and the names.
    """
    try:
        return load(config)
    except SpecError as error:
        valid: dict[str, Any] = {}
        coerced = coercion.coerce_config(split_metrics(config, [], []), [])
        for name in ("name", "description", "program", "command", "metric", "metrics"):
            with contextlib.suppress(ValidationError):
                valid |= _validate_key(name, coerced.get(name))
        notice = f"W&B's config is not fully supported here ({error.problems[0]})"
        return Spec(method="random", parameters={}, notices=(notice,), **valid)


def spec_of(sweep: SweepRecord) -> Spec:
    """Return the config of a sweep, as its record has it."""
    return load_lenient(sweep.spec) if sweep.mode == "online" else load(sweep.spec)


def _validate_key(name: str, value: object) -> dict[str, Any]:
    """Return a key of a config with its value, if it is valid by itself."""
    if value is None:
        return {}
    spec = Spec.model_validate({"method": "random", "parameters": {}, name: value})
    return {name: getattr(spec, name)}


def _add_method(config: dict[str, Any], notices: list[str]) -> dict[str, Any]:
    """Return `config` with a method: grid if its parameters are finite, else random."""
    if looks_like_parameters(config):
        why, config = "these are parameters only", {"parameters": config}
    elif has_own_code(config.get("scheduler")):
        return config
    elif "parameters" in config and not any(nearest(key, _TOP) == "method" for key in config):
        why = "not given"
    else:
        return config
    method = "grid" if is_finite(config["parameters"]) else "random"
    notices.append(f"method: {why}, so {method} search is assumed")
    return {"method": method, **config}


def _drop_ignored_keys(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return `config` without the keys that W&B ignores, and a remedy for each of these."""
    unknown = {}
    for key, value in config.items():
        if key in _TOP:
            continue
        # Names such as x-common are where anchors are defined.
        near = (
            None
            if key[:1] in "._" or key[:2] == "x-"
            else nearest(key, _TOP | wandb_cloud_keys.KEYS)
        )
        if isinstance(value, Mapping) and KEYS & set(value) and near != "parameters":
            unknown[key] = "if it is a parameter, move it below 'parameters'"
        else:
            unknown[key] = f"did you mean {near!r}?" if near else ""
    return {key: value for key, value in config.items() if key in _TOP}, unknown


def _validate_lists(config: dict[str, Any], problems: list[str]) -> None:
    """Replace several metrics, and constraints, by valid ones, or report what is wrong."""
    if "constraints" in config:
        config["constraints"] = expand_constraints(config["constraints"], problems)
    problems += repeated_names(config.get("metrics"))
    for name, kind in _LISTS.items():
        if name in config:
            config[name] = tuple(
                _validate_model(kind, entry, f"{name}.{index}", problems)
                for index, entry in enumerate(config[name])
            )
    if problems:
        config |= dict.fromkeys(_LISTS, ())  # they are reported already


def _validate_model(
    kind: type[_Model],
    value: object,
    place: str,
    problems: list[str],
    misspelt: Collection[str] = (),
) -> _Model | None:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problems += format_errors(error, place, keys=kind.model_fields, misspelt=misspelt)
        return None
