"""Edits of a sweep config while its sweep lives: a partial config, in which None removes a key.

An entry of a parameter is merged with the present one as long as that has such keys: new bounds
keep the distribution. Whatever results is validated as a whole, like any config.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wandb_magic.errors import SpecError
from wandb_magic.records import Params
from wandb_magic.spec.conditions import Path
from wandb_magic.spec.config import Spec
from wandb_magic.spec.loader import load
from wandb_magic.spec.own_params import describe, fits
from wandb_magic.spec.parameters import DISTRIBUTIONS, distribution_name, flatten, nest
from wandb_magic.spec.validation_errors import nearest, suggest

_FIXED = {
    "program": "the code of a sweep",
    "command": "the code of a sweep",
    "scheduler": "the code of a sweep",
    "name": "the name of a sweep",
    "project": "the W&B project of the runs",
    "entity": "the W&B user or team of the runs",
}
_KEYS = frozenset(Spec.model_fields) - {"notices"}
_BY_ITERATIONS = (("min_iter",), ("max_iter", "s"))  # the two forms of `early_terminate`

Filled = Mapping[str, Mapping[str, Any]]
"""By number of a run, what it had of parameters that were added later, by dotted name."""


def edit_spec(spec: Spec, changes: Mapping[str, Any]) -> Spec:
    """Return a config with changes.

    Parameters
    ----------
    spec
        The present config.
    changes
        A partial config; names of parameters may be dotted.

    Raises
    ------
    SpecError
        If a change is not possible, or the result is not valid.
    """
    problems: list[str] = []
    config = spec.to_dict()
    for key, value in changes.items():
        if key in _FIXED:
            problems.append(f"{key}: {_FIXED[key]} cannot be edited: start a new sweep")
        elif key not in _KEYS:
            problems.append(f"unknown key {key!r}: {suggest(key, _KEYS - _FIXED.keys())}")
        elif value is None:
            if config.pop(key, None) is None:
                problems.append(f"{key}: the sweep has none that could be removed")
        elif key == "parameters":
            _edit_parameters(config.setdefault("parameters", {}), value, "parameters", problems)
        elif isinstance(value, Mapping) and isinstance(config.get(key), Mapping):
            config[key] = _merge(_without_other_form(config[key], value), value)
        else:
            config[key] = value
    if problems:
        raise SpecError(*problems)
    return load(config)


def _edit_parameters(
    tree: dict[str, Any], changes: object, place: str, problems: list[str]
) -> None:
    if not isinstance(changes, Mapping):
        problems.append(f"{place}: must be a mapping of parameters by name, not {changes!r:.80}")
        return
    for name, change in changes.items():
        level, key, where = _find_level(tree, str(name), place)
        present = level.get(key)
        if change is None:
            if present is None:
                problems.append(f"{where}: {_no_such_parameter(key, level)}")
            level.pop(key, None)
        elif present is not None and _is_nested(present) and _is_nested(change):
            below = present["parameters"]
            _edit_parameters(below, change["parameters"], f"{where}.parameters", problems)
            level[key] = {**_merge(present, change), "parameters": below}
        elif isinstance(present, Mapping) and isinstance(change, Mapping):
            level[key] = _edit_entry(present, change)
        else:
            level[key] = change
    _drop_empty(tree)


def _find_level(tree: dict[str, Any], name: str, place: str) -> tuple[dict[str, Any], str, str]:
    """Return the level that has a parameter, its name there, and its place in the config."""
    if name not in tree:
        for end in (index for index, char in enumerate(name) if char == "."):
            if _is_nested(tree.get(name[:end])):
                below = tree[name[:end]]["parameters"]
                return _find_level(below, name[end + 1 :], f"{place}.{name[:end]}.parameters")
    return tree, name, f"{place}.{name}"


def _is_nested(entry: object) -> bool:
    return isinstance(entry, Mapping) and "parameters" in entry


def _drop_empty(tree: dict[str, Any]) -> None:
    for name, entry in list(tree.items()):
        if _is_nested(entry) and not entry["parameters"]:
            del tree[name]


def _no_such_parameter(name: str, level: Mapping[str, Any]) -> str:
    near = nearest(name, level)
    return "the sweep has no such parameter" + (f": did you mean {near!r}?" if near else "")


def _edit_entry(present: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with changes; it keeps its condition unless that is changed."""
    own, old = ({key: each[key] for key in each if key != "when"} for each in (change, present))
    entry = _edit_distribution(old, own) if own else old
    when = change.get("when", present.get("when"))
    return entry if when is None else {**entry, "when": when}


def _edit_distribution(present: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with changes; another distribution keeps what it has in common."""
    name = distribution_name({**change, "distribution": change.get("distribution") or ""})
    kind = DISTRIBUTIONS.get(name or "")
    if kind is not None:
        common = {key: value for key, value in present.items() if key in kind.model_fields}
        return _merge(common, change)
    if "values" in present and change.keys() <= {"values", "probabilities"}:
        return _merge({key: present[key] for key in present.keys() - {"distribution"}}, change)
    kind = DISTRIBUTIONS.get(present.get("distribution", ""))
    if kind is None or "distribution" in change or not change.keys() <= kind.model_fields.keys():
        return _merge({}, change)
    return _merge(present, change)


def _merge(present: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**present, **change}.items() if value is not None}


def _without_other_form(present: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule without the keys that belong to another form than what is changed."""
    other = {
        key
        for form, opposite in (_BY_ITERATIONS, _BY_ITERATIONS[::-1])
        if set(form) & change.keys()
        for key in opposite
    }
    return {key: value for key, value in present.items() if key not in other}


def changes_between(before: Spec, after: Spec) -> Iterator[str]:
    """Yield what differs between two versions of a config, one phrase each."""
    for path in sorted({*before.leaves, *after.leaves}):
        old, new = before.leaves.get(path), after.leaves.get(path)
        name = ".".join(path)
        if new is None:
            yield f"{name} removed"
        elif old is None:
            yield f"{name} added, {describe(new)}"
        elif old != new:
            yield f"{name} is {describe(new)}, and was {describe(old)}"
    configs = before.to_dict(), after.to_dict()
    for key in sorted((configs[0].keys() | configs[1].keys()) - {"parameters"}):
        old, new = (config.get(key) for config in configs)
        if old != new:
            was = "" if old is None else f", and was {_short(old)}"
            yield f"{key} removed" if new is None else f"{key} is {_short(new)}{was}"


def _short(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return f"{value}"


def project(params: Params, filled: Mapping[str, Any], spec: Spec) -> Params | None:
    """Return what a run's parameters are in the space of another version of the config.

    Parameters that the config no longer has are left out.

    Parameters
    ----------
    params
        The run's parameters.
    filled
        What it had of the parameters that were added later, by dotted name.
    spec
        The config.

    Returns
    -------
    Params or None
        None if the run has no value of a parameter, or one outside its space.
    """
    values = _known_values(params, filled, spec)
    active = spec.conditions.active({**dict.fromkeys(spec.leaves), **values})
    if active.keys() - values.keys() or not spec.conditions.allows(active):
        return None
    if not all(fits(spec.leaves[path], value) for path, value in active.items()):
        return None
    return nest(active)


def missing_params(params: Params, filled: Mapping[str, Any], spec: Spec) -> set[str]:
    """Return the dotted names of the parameters that a run would need; see `project`."""
    values = _known_values(params, filled, spec)
    active = spec.conditions.active({**dict.fromkeys(spec.leaves), **values})
    return {".".join(path) for path in active.keys() - values.keys()}


def _known_values(params: Params, filled: Mapping[str, Any], spec: Spec) -> dict[Path, Any]:
    later = {path: filled[".".join(path)] for path in spec.leaves if ".".join(path) in filled}
    return later | flatten(params, spec.parameters)


def check_earlier(earlier: Mapping[str, Any], spec: Spec) -> None:
    """Check the values that earlier runs had of the parameters that are added.

    Raises
    ------
    SpecError
        If a name is not a parameter of the new version, or a value is outside its space.
    """
    problems = []
    leaves = {".".join(path): distribution for path, distribution in spec.leaves.items()}
    for name, value in earlier.items():
        if name not in leaves:
            problems.append(f"earlier.{name}: {_no_such_parameter(name, leaves)}")
        elif not fits(leaves[name], value):
            problems.append(
                f"earlier.{name}: {value!r:.60} is outside its space, {describe(leaves[name])}"
            )
    if problems:
        raise SpecError(*problems)
