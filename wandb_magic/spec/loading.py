"""From what a user wrote to a `Spec`, or to all that is wrong with it at once."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from os import PathLike
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wandb_magic.errors import SpecError
from wandb_magic.spec import cloud
from wandb_magic.spec.config import EarlyTerminate, Metric, Spec
from wandb_magic.spec.parameters import KEYS, build
from wandb_magic.spec.problems import nearest, sentences
from wandb_magic.spec.rules import assumed, broken, looks_like_parameters
from wandb_magic.spec.source import read

_Model = TypeVar("_Model", bound=BaseModel)
_TOP = frozenset(Spec.model_fields) - {"notices"}
_SECTIONS: dict[str, type[BaseModel]] = {"metric": Metric, "early_terminate": EarlyTerminate}


def load(source: Mapping[str, Any] | str | PathLike[str]) -> Spec:
    """Return the validated config.

    Parameters
    ----------
    source
        A mapping, the path of a YAML or JSON file, or YAML text. A mapping of parameters alone
        is searched at random.

    Returns
    -------
    Spec
        With `notices` of all that was assumed or ignored.

    Raises
    ------
    SpecError
        If anything is wrong: one sentence for each problem, with its place and remedy.
    """
    notices: list[str] = []
    problems: list[str] = []
    config = {key: value for key, value in read(source).items() if value is not None}
    config = cloud.settle(_complete(config, notices), notices, problems)
    config = _respelt(config, problems)
    if "parameters" in config:
        config["parameters"] = build(config["parameters"], "parameters", problems)
    tree = config.get("parameters", {})
    problems += broken(config, tree)
    notices += assumed(config, tree)
    for name, kind in _SECTIONS.items():
        if isinstance(config.get(name), Mapping):
            config[name] = _validated(kind, config[name], name, problems)
    spec = _validated(Spec, {**config, "notices": tuple(notices)}, "", problems)
    if spec is None or problems:
        raise SpecError(*problems)
    return spec


def understood(config: Mapping[str, Any]) -> Spec:
    """Return the config of a sweep whose parameters the W&B server chooses.

    It holds there, whatever our own search would say of it; what we do not understand is left out
    with a notice.

    Parameters
    ----------
    config
        The config as the server has it.

    Returns
    -------
    Spec
        For a config that `load` refuses, only the metric, what the runs execute, and the names.
    """
    try:
        return load(config)
    except SpecError as error:
        kept: dict[str, Any] = {}
        for name in ("name", "description", "program", "command", "metric"):
            with contextlib.suppress(ValidationError):
                kept |= _checked(name, config.get(name))
        notice = f"W&B's config is not wholly understood here ({error.problems[0]})"
        return Spec(method="random", parameters={}, notices=(notice,), **kept)


def _checked(name: str, value: object) -> dict[str, Any]:
    """Return a key of a config with its value, if it holds by itself."""
    if value is None:
        return {}
    spec = Spec.model_validate({"method": "random", "parameters": {}, name: value})
    return {name: getattr(spec, name)}


def _complete(config: dict[str, Any], notices: list[str]) -> dict[str, Any]:
    if looks_like_parameters(config):
        notices.append("method: these are parameters only, so random search is assumed")
        return {"method": "random", "parameters": config}
    if "parameters" in config and not any(nearest(key, _TOP) == "method" for key in config):
        notices.append("method: not given, so random search is assumed")
        return {"method": "random", **config}
    return config


def _respelt(config: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Return `config` under the keys that are meant; say what to do about all others."""
    known = {key: value for key, value in config.items() if key in _TOP}
    for key, value in config.items():
        if key in _TOP:
            continue
        near = nearest(key, _TOP | cloud.KEYS)
        if isinstance(value, Mapping) and KEYS & set(value) and near != "parameters":
            remedy = "if it is a parameter, move it below 'parameters'"
        elif near:
            remedy = f"did you mean {near!r}?"
            known.setdefault(near, value)
        else:
            remedy = "remove it"
        problems.append(f"unknown key {key!r}: {remedy}")
    return {key: value for key, value in known.items() if key in _TOP}


def _validated(
    kind: type[_Model], value: object, place: str, problems: list[str]
) -> _Model | None:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problems += sentences(error, place, keys=kind.model_fields)
        return None
