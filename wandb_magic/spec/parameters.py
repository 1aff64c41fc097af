"""The parameters section: infers the distribution of an entry, and flattens nested entries.

W&B infers a distribution from the keys: ``value`` is a constant, ``values`` categories, integer
bounds ``int_uniform``, other bounds ``uniform``; all others must be named.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError

from wandb_magic.records import Params
from wandb_magic.spec.conditions import Conditions, Path
from wandb_magic.spec.continuous import (
    Beta,
    InvLogUniform,
    InvLogUniformValues,
    LogNormal,
    LogUniform,
    LogUniformValues,
    Normal,
    QBeta,
    QLogNormal,
    QLogUniform,
    QLogUniformValues,
    QNormal,
    QUniform,
    Uniform,
)
from wandb_magic.spec.discrete import (
    Categorical,
    CategoricalWithProbabilities,
    Constant,
    IntUniform,
    engine_probabilities,
)
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.entry_notices import entry_notices
from wandb_magic.spec.fields import nonempty_list, number, resolve_numerals
from wandb_magic.spec.validation_errors import format_errors, suggest

EVERYWHERE = Conditions()
"""The conditions of a space in which every run has every parameter."""

Tree = dict[str, Any]
"""The parameters section: a `Distribution`, or a `Tree` for nested parameters, by name."""

WHEN = "when"
"""The key of an entry with the condition under which a run has it."""

_WITH_PROBABILITIES = "categorical_w_probabilities"
DISTRIBUTIONS: dict[str, type[Distribution]] = {
    get_args(kind.model_fields["distribution"].annotation)[0]: kind
    for kind in (
        Beta,
        Categorical,
        CategoricalWithProbabilities,
        Constant,
        IntUniform,
        InvLogUniform,
        InvLogUniformValues,
        LogNormal,
        LogUniform,
        LogUniformValues,
        Normal,
        QBeta,
        QLogNormal,
        QLogUniform,
        QLogUniformValues,
        QNormal,
        QUniform,
        Uniform,
    )
}
"""Every distribution by W&B's name."""
KEYS = frozenset(
    {"parameters", WHEN} | {key for kind in DISTRIBUTIONS.values() for key in kind.model_fields}
)
"""Every key that an entry may have."""

_SQUASHED = {name.replace("_", ""): name for name in DISTRIBUTIONS}


def distribution_name(entry: Mapping[str, Any]) -> str | None:
    """Return the name of the distribution that `entry` means; None if nothing indicates one.

    A distribution that is named but unknown is returned as spelled.
    """
    if "distribution" in entry:
        name = str(entry["distribution"])
        canonical = _SQUASHED.get(re.sub(r"[\W_]", "", name).lower(), name)
        return (
            _WITH_PROBABILITIES
            if canonical == "categorical" and "probabilities" in entry
            else canonical
        )
    if "value" in entry:
        return "constant"
    if "values" in entry:
        return _WITH_PROBABILITIES if "probabilities" in entry else "categorical"
    bounds = [entry[key] for key in ("min", "max") if key in entry]
    if bounds and not {"q", "mu", "sigma", "a", "b"} & set(entry):
        return "int_uniform" if all(_is_whole(bound) for bound in bounds) else "uniform"
    return None


def _is_whole(value: object) -> bool:
    try:
        return isinstance(number(value), int)
    except ValueError:
        return False


def build(entries: object, place: str, problems: list[str], notices: list[str]) -> Tree:
    """Return the distributions that `entries` mean; their conditions are left to `whens`.

    What is wrong with them is added to `problems`, and how they are interpreted to `notices`.
    """
    if not isinstance(entries, Mapping) or not entries:
        problems.append(
            f"{place}: must name at least one parameter: write {place}: {{lr: {{values: [...]}}}}"
        )
        return {}
    tree: Tree = {}
    for name, entry in entries.items():
        distribution = _build_one(entry, f"{place}.{name}", problems, notices)
        if distribution is not None:
            tree[str(name)] = distribution
    return tree


def _build_one(
    entry: object, place: str, problems: list[str], notices: list[str]
) -> Distribution | Tree | None:
    if not isinstance(entry, Mapping):
        key = "values" if isinstance(entry, (list, tuple)) else "value"
        problems.append(f"{place}: must be a mapping, not {entry!r}: write {{{key}: {entry!r}}}")
        return None
    entry = {key: value for key, value in entry.items() if key != WHEN}
    if "parameters" in entry:
        problems += [
            f"{place}: {key!r} cannot be combined with nested parameters: "
            "move it below 'parameters'"
            for key in entry
            if key != "parameters"
        ]
        return build(entry["parameters"], f"{place}.parameters", problems, notices)
    kind = distribution_name(entry)
    if kind in DISTRIBUTIONS:
        try:
            distribution = DISTRIBUTIONS[kind].model_validate(
                {**_coerce_entry(entry, place, notices), "distribution": kind}
            )
        except ValidationError as error:
            problems += format_errors(error, place, keys=KEYS, owner=kind)
        else:
            notices += entry_notices(entry, distribution, place)
            return distribution
    elif kind is not None:
        problems.append(f"{place}: unknown distribution {kind!r}: {suggest(kind, DISTRIBUTIONS)}")
    else:
        problems += _ambiguity_problems(entry, place)
    return None


def _coerce_entry(entry: Mapping[str, Any], place: str, notices: list[str]) -> dict[str, Any]:
    """Return `entry` with its values as meant, and probabilities as the engine interprets them."""
    coerced = {**entry}
    for key in {"value", "values"} & set(entry):
        coerced[key] = resolve_numerals(entry[key])
    with contextlib.suppress(ValueError, TypeError):  # validation reports what is wrong
        odds = [number(odd) for odd in entry.get("probabilities", ())]
        engines = engine_probabilities(odds, len(nonempty_list(entry["values"]))) if odds else odds
        if odds != engines:
            coerced["probabilities"] = engines
            shown = ", ".join(f"{odd:.4g}" for odd in engines)
            notices.append(
                f"{place}.probabilities: must be as many as the values and sum to 1: "
                f"W&B's engine takes them as [{shown}]"
            )
    return coerced


def _ambiguity_problems(entry: Mapping[str, Any], place: str) -> list[str]:
    unknown = [key for key in entry if key not in KEYS]
    if unknown:
        return [f"{place}: unknown key {key!r}: {suggest(key, KEYS)}" for key in unknown]
    keys = set(entry)
    fitting = [name for name, kind in DISTRIBUTIONS.items() if keys <= set(kind.model_fields)]
    if keys and fitting:
        named = f"distribution: {' or '.join(fitting)}"
    else:
        named = "value, values, min and max, or a distribution"
    return [f"{place}: does not define a distribution: add {named}"]


def whens(entries: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield the path of each entry that has a condition, with the condition as written."""
    if not isinstance(entries, Mapping):
        return
    for name, entry in entries.items():
        if isinstance(entry, Mapping):
            if entry.get(WHEN) is not None:
                yield (*path, str(name)), entry[WHEN]
            yield from whens(entry.get("parameters"), (*path, str(name)))


def leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Distribution]]:
    """Yield every distribution with its path, with names sorted at each level: W&B's order."""
    for name in sorted(tree):
        entry = tree[name]
        if isinstance(entry, Distribution):
            yield (*path, name), entry
        else:
            yield from leaves(entry, (*path, name))


def nest(values: Mapping[Path, Any]) -> Params:
    """Return the parameters of a run from the value at each path."""
    params: dict[str, Any] = {}
    for path, value in values.items():
        level = params
        for name in path[:-1]:
            level = level.setdefault(name, {})
        level[path[-1]] = value
    return params


def flatten(params: Params, tree: Tree, path: Path = ()) -> dict[Path, Any]:
    """Return the value at each path of `tree` that `params` has: the inverse of `nest`."""
    values: dict[Path, Any] = {}
    for name in tree.keys() & params.keys():
        child, entry, value = (*path, name), tree[name], params[name]
        if isinstance(entry, Distribution):
            values[child] = value
        elif isinstance(value, Mapping):
            values |= flatten(value, entry, child)
    return values


def to_dict(tree: Tree, conditions: Conditions = EVERYWHERE, path: Path = ()) -> dict[str, Any]:
    """Return W&B's form of the parameters section, with the conditions of its entries."""
    section: dict[str, Any] = {}
    for name, entry in tree.items():
        child = (*path, name)
        section[name] = (
            entry.to_dict()
            if isinstance(entry, Distribution)
            else {"parameters": to_dict(entry, conditions, child)}
        )
        if when := conditions.when_of(child):
            section[name][WHEN] = when
    return section
