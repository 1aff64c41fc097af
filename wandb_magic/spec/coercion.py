"""Corrects, with a notice, what W&B's client accepts with a warning.

W&B's engine draws runs for a config that breaks its schema mildly. Such a config is interpreted
here as the engine does, and a notice reports it. Where the engine would fail although the meaning
is plain, that meaning is used. What nobody could run stays as it is, for later checks to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from wandb_magic.spec.command import unknown_macros
from wandb_magic.spec.config import RULE_FIELDS, EarlyTerminate, Metric
from wandb_magic.spec.fields import number
from wandb_magic.spec.metrics import drop_single_fields
from wandb_magic.spec.validation_errors import format_errors, nearest

_METHODS = ("grid", "random", "bayes", "custom")
_GOALS = {"min": "minimize", "max": "maximize"}
_TEXTS = ("name", "description", "project", "entity", "program")
_SUMMARY = ("best", "last", "min", "max")
_IMPUTE = ("worst", "best", "latest")
_SHARES = ("perturbation_interval", "quantile_fraction", "resample_probability")
_WORDS = {"true": True, "false": False, "yes": True, "no": False}


def coerce_config(config: Mapping[str, Any], notices: list[str]) -> dict[str, Any]:
    """Return `config` as it is meant; add to `notices` what was changed."""
    config = dict(config)
    _coerce_method(config, notices)
    for key in _TEXTS:
        if key in config:
            config[key] = _coerce_text(config[key], key, notices)
    if "run_cap" in config:
        config["run_cap"] = _coerce_number(config["run_cap"], "run_cap", notices)
    _coerce_command(config, notices)
    if "metric" in config:
        metric = _coerce_metric(config["metric"], notices, needed=config.get("method") == "bayes")
        config = _replace_key(config, "metric", metric)
    if "metrics" in config:
        config["metrics"] = [
            _coerce_one_of_several(metric, f"metrics.{index}", notices)
            for index, metric in enumerate(config["metrics"])
        ]
    if "early_terminate" in config:
        has_metric = "metric" in config or "metrics" in config
        rule = _coerce_rule(config["early_terminate"], notices, has_metric=has_metric)
        config = _replace_key(config, "early_terminate", rule)
    return config


def _replace_key(config: Mapping[str, Any], key: str, value: object) -> dict[str, Any]:
    """Return `config` with another value, or without the key if that is None."""
    changed = {**config, key: value}
    return {key: value for key, value in changed.items() if value is not None}


def _coerce_method(config: dict[str, Any], notices: list[str]) -> None:
    method = config.get("method")
    if isinstance(method, str) and method not in _METHODS and _normalize_name(method) in _METHODS:
        config["method"] = _normalize_name(method)
        notices.append(f"method: {method!r} is taken as {config['method']!r}")


def _normalize_name(word: str) -> str:
    return word.strip().lower()


def _coerce_text(value: object, place: str, notices: list[str]) -> object:
    """Return a number as the text that W&B shows for it."""
    if isinstance(value, str) or not isinstance(value, (bool, int, float)):
        return value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    notices.append(f"{place}: {value!r} is taken as the text {text!r}")
    return text


def _coerce_number(value: object, place: str, notices: list[str]) -> object:
    """Return text that denotes a number as the number."""
    if not isinstance(value, str):
        return value
    try:
        parsed = number(value)
    except ValueError:
        return value
    notices.append(f"{place}: the text {str(value)!r} is taken as the number {parsed!r}")
    return parsed


def _coerce_command(config: dict[str, Any], notices: list[str]) -> None:
    command = config.get("command")
    if isinstance(command, (list, tuple)) and not command:
        del config["command"]  # W&B's default
    elif isinstance(command, (list, tuple)):
        notices += [
            f"command: {macro} is not a W&B macro and is dropped, as in W&B: {remedy}"
            for macro, remedy in unknown_macros(command)
        ]


def _coerce_metric(value: object, notices: list[str], *, needed: bool) -> object:
    """Return the metric; None for a faulty one that grid and random search do not need."""
    if isinstance(value, str):
        notices.append(f"metric: {value!r} is taken as {{name: {value}}}")
        value = {"name": value}
    if isinstance(value, Mapping):
        value = _coerce_metric_fields(value, notices)
        if isinstance(value.get("name"), str) or needed:
            return value
        fault = "name is missing"
        near = next((key for key in value if nearest(key, ["name"])), None)
        fault += f": did you mean 'name' by {near!r}?" if near else ""
    else:
        fault = f"{value!r:.80} is not a mapping with a name"
    if needed:
        return value
    notices.append(f"metric: ignored, as in W&B: {fault}")
    return None


def _coerce_one_of_several(value: object, place: str, notices: list[str]) -> object:
    if isinstance(value, str):
        notices.append(f"{place}: {value!r} is taken as {{name: {value}}}")
        return {"name": value}
    if not isinstance(value, Mapping):
        return value
    return _coerce_metric_fields(drop_single_fields(value, place, notices), notices, place)


def _coerce_metric_fields(
    fields: Mapping[str, Any], notices: list[str], place: str = "metric"
) -> dict[str, Any]:
    metric = {str(key): value for key, value in fields.items() if value is not None}
    if "name" in metric:
        metric["name"] = _coerce_text(metric["name"], f"{place}.name", notices)
        _drop_unknown(metric, Metric.model_fields, place, notices)
    if "goal" in metric:
        metric["goal"] = _coerce_goal(metric["goal"], f"{place}.goal", notices)
    if "target" in metric:
        metric["target"] = _coerce_number(metric["target"], "metric.target", notices)
    if metric.get("impute_while_running") is False:
        metric["impute_while_running"] = "false"
    for key, words in (
        ("summary", _SUMMARY),
        ("impute", _IMPUTE),
        ("impute_while_running", (*_IMPUTE, "false")),
    ):
        if key in metric and metric[key] not in words:
            notices.append(
                f"metric.{key}: ignored: {metric.pop(key)!r:.80} is not one of {', '.join(words)}"
            )
    if "target" in metric:
        try:
            number(metric["target"])
        except ValueError as error:
            notices.append(f"metric.target: ignored: {error}")
            del metric["target"]
    return metric


def _coerce_goal(value: object, place: str, notices: list[str]) -> str:
    """Return the goal that is meant; W&B minimizes where it does not know the word."""
    if value in _GOALS.values():
        return str(value)
    word = _normalize_name(str(value))
    meant = _GOALS.get(word[:3]) or nearest(word, _GOALS.values())
    if meant:
        notices.append(
            f"{place}: {value!r} is taken as {meant}"
            + ("; W&B itself would minimize" if meant == "maximize" else "")
        )
        return meant
    notices.append(
        f"{place}: {value!r:.80} is neither minimize nor maximize, so the metric is "
        "minimized, as in W&B"
    )
    return "minimize"


def _drop_unknown(
    mapping: dict[str, Any], allowed: Mapping[str, object], place: str, notices: list[str]
) -> None:
    for key in [key for key in mapping if key not in allowed]:
        del mapping[key]
        near = nearest(key, allowed)
        remedy = f": did you mean {near!r}?" if near else ""
        notices.append(f"{place}.{key}: ignored, as in W&B{remedy}")


def _coerce_rule(value: object, notices: list[str], *, has_metric: bool) -> object:
    """Return the rule for ending poor runs; None for one that W&B's engine could not apply."""
    place = "early_terminate"
    no_run = f"{place}: no run is ended early, as in W&B: "
    if not has_metric:
        notices.append(f"{no_run}there is no metric to compare: add metric: {{name: ...}}")
        return None
    if not isinstance(value, Mapping):
        notices.append(f"{no_run}it must be a mapping with a type, not {value!r:.80}")
        return None
    rule = {str(key): item for key, item in value.items() if item is not None}
    _coerce_rule_fields(rule, notices)
    try:
        valid = EarlyTerminate.model_validate(rule)
    except ValidationError as error:
        faults = format_errors(error, "", keys=EarlyTerminate.model_fields)
        notices.append(no_run + "; ".join(faults))
        return None
    if valid.max_iter is not None and valid.max_iter < valid.eta:
        notices.append(
            f"{no_run}max_iter ({valid.max_iter}) is below eta ({valid.eta:g}), so there is no "
            "bracket: raise max_iter"
        )
    if "strict" not in rule and valid.type == "hyperband":
        notices.append(
            f"{place}.strict: not given, so runs are judged strictly, as in W&B's engine"
        )
    return rule


def _coerce_rule_fields(rule: dict[str, Any], notices: list[str]) -> None:
    place = "early_terminate"
    kind = rule.get("type")
    name = _normalize_name(kind) if isinstance(kind, str) else ""
    allowed = RULE_FIELDS.get(name, tuple(EarlyTerminate.model_fields))
    _drop_unknown(rule, dict.fromkeys(allowed), place, notices)
    if name in RULE_FIELDS and kind != name:
        rule["type"] = name
        notices.append(f"{place}.type: {kind!r} is taken as {name!r}")
    for key in ("min_iter", "max_iter", "s", "eta", "min_runs", "patience", "min_delta", *_SHARES):
        if key in rule:
            rule[key] = _coerce_number(rule[key], f"{place}.{key}", notices)
    strict = rule.get("strict")
    if isinstance(strict, str) and _normalize_name(strict) in _WORDS:
        rule["strict"] = _WORDS[_normalize_name(strict)]
        notices.append(
            f"{place}.strict: the text {strict!r} is taken as {_normalize_name(strict)}"
        )
    if "max_iter" in rule and "s" in rule:
        ignored, winner = "min_iter", "max_iter and s take precedence"
    elif "max_iter" in rule and "min_iter" in rule:
        ignored, winner = "max_iter", "it needs s, and min_iter takes precedence"
    elif "s" in rule and "min_iter" in rule:
        ignored, winner = "s", "it belongs to max_iter, and min_iter takes precedence"
    else:
        return
    if ignored in rule:
        del rule[ignored]
        notices.append(f"{place}.{ignored}: ignored, as in W&B's engine: {winner}")
