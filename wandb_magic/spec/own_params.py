"""Parameters that a user gives a run: checks them against the spec, and completes them.

Nothing here draws a number: what the user leaves out comes from the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wandb_magic.arguments import ArgumentError, brief
from wandb_magic.records import Params
from wandb_magic.spec.conditions import Match, Path, Rule
from wandb_magic.spec.config import Spec
from wandb_magic.spec.discrete import ChoiceDistribution, Constant
from wandb_magic.spec.distributions import Distribution
from wandb_magic.spec.fields import to_json_value
from wandb_magic.spec.parameters import Tree, flatten, nest
from wandb_magic.spec.validation_errors import nearest

FORCE = "force=True (--force) adds it anyway"


def complete_params(
    spec: Spec,
    given: Mapping[str, Any],
    draws: Iterable[Mapping[Path, Any]],
    *,
    force: bool = False,
) -> Params:
    """Return the parameters of a run: those that are given, and otherwise those that were drawn.

    Parameters
    ----------
    spec
        The sweep config.
    given
        Parameters, nested or with dotted names.
    draws
        Values of every parameter; the first that make no forbidden combination are taken.
    force
        Whether values and names outside the space are accepted.

    Raises
    ------
    ArgumentError
        If a name, a value or a combination is outside the space, or a value is not JSON.
    """
    own: dict[Path, Any] = {}
    extra: dict[Path, Any] = {}
    for path, distribution, value in _match(given, spec.parameters, ()):
        if distribution is not None:
            own[path] = _check_value(path, distribution, value, force=force)
        elif force:
            extra[path] = _json_value(path, value)
        else:
            raise ArgumentError(_unknown(path, spec))
    values: dict[Path, Any] = {}
    for drawn in draws:
        values = spec.conditions.active({**drawn, **own})
        if own.keys() <= values.keys() and spec.conditions.allows(values):
            return nest(values | extra)
    if force:
        return nest(values | own | extra)
    raise ArgumentError(_combination_problem(spec, own))


def forked_params(
    spec: Spec,
    parent: Params,
    changes: Mapping[str, Any],
    draws: Iterable[Mapping[Path, Any]],
    *,
    force: bool = False,
) -> Params:
    """Return the parameters of a run that continues from another one's checkpoint.

    Parameters
    ----------
    spec
        The sweep config.
    parent
        The other run's parameters; they are not checked again.
    changes
        What differs, nested or with dotted names.
    draws
        Values of parameters that the other run did not have.
    force
        Whether values and names outside the space are accepted.

    Raises
    ------
    ArgumentError
        As in `complete_params`.
    """
    if spec.leaves:
        known = flatten(parent, spec.parameters)
        return complete_params(spec, changes, ({**drawn, **known} for drawn in draws), force=force)
    # The space is in the user's code: it has the names that the other run has.
    for name in changes.keys() - parent.keys():
        if not force:
            raise ArgumentError(
                f"{name}: the run has no such parameter: it has {', '.join(parent)} ({FORCE})"
            )
    return {**parent, **{name: _json_value((name,), value) for name, value in changes.items()}}


def _combination_problem(spec: Spec, own: Mapping[Path, Any]) -> str:
    for path in own:
        for rule in spec.conditions.rules_of(path):
            if any(other in own and not match(own[other]) for other, match in rule.items()):
                return f"{'.'.join(path)}: a run has it only when {_rule(rule)} ({FORCE})"
    rules = " or ".join(_rule(rule) for rule in spec.conditions.forbid)
    return f"the config forbids this combination ({rules}): change a value, or {FORCE}"


def _rule(rule: Rule) -> str:
    return " and ".join(f"{'.'.join(path)} is {_matched(match)}" for path, match in rule.items())


def _matched(match: Match) -> str:
    if match.values:
        return " or ".join(brief(value) for value in match.values)
    bounds = (("at least", match.min), ("at most", match.max))
    return " and ".join(f"{words} {bound:g}" for words, bound in bounds if bound is not None)


def require_complete(spec: Spec, params: Params) -> None:
    """Check that a run has a value of each parameter.

    Raises
    ------
    ArgumentError
        If one is missing.
    """
    given = flatten(params, spec.parameters)
    for path in spec.conditions.active({**dict.fromkeys(spec.leaves), **given}):
        if path not in given and not isinstance(spec.leaves[path], Constant):
            name = ".".join(path)
            raise ArgumentError(f"{name}: is missing: give the value that the run had")


def to_json_params(params: object) -> object:
    """Return parameters as JSON values; NumPy's numbers, for example, become plain ones.

    Raises
    ------
    ArgumentError
        If a value cannot be represented.
    """
    if not isinstance(params, Mapping):
        return params
    return {name: _json_value((str(name),), value) for name, value in params.items()}


def fits(distribution: Distribution, value: object) -> bool:
    """Return whether a distribution can give a value."""
    return distribution.to_unit(value) is not None


def _match(
    given: Mapping[str, Any], tree: Tree, above: Path
) -> Iterator[tuple[Path, Distribution | None, Any]]:
    """Yield each given parameter with its distribution; None if the spec has no such parameter."""
    for name, value in given.items():
        path, entry = _descend(str(name), tree)
        if isinstance(entry, Distribution):
            yield (*above, *path), entry, value
        elif entry is not None and isinstance(value, Mapping):
            yield from _match(value, entry, (*above, *path))
        else:
            yield (*above, str(name)), None, value


def _descend(name: str, tree: Tree) -> tuple[Path, Distribution | Tree | None]:
    """Return the path that a name means, and its entry; its dots may separate levels."""
    if name in tree:
        return (name,), tree[name]
    for end in (index for index, char in enumerate(name) if char == "."):
        below = tree.get(name[:end])
        if isinstance(below, dict):
            path, entry = _descend(name[end + 1 :], below)
            return (name[:end], *path), entry
    return (name,), None


def _check_value(path: Path, distribution: Distribution, value: object, *, force: bool) -> object:
    value = _json_value(path, value)
    if fits(distribution, value):
        return _canonical(distribution, value)
    if force:
        return value
    raise ArgumentError(
        f"{'.'.join(path)}: {brief(value)} is outside its space, {describe(distribution)}: give a "
        f"value inside, or {FORCE}"
    )


def _json_value(path: Path, value: object) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return to_json_value(value)
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"{'.'.join(path)}: {error}") from None


def _canonical(distribution: Distribution, value: Any) -> object:  # noqa: ANN401 - a JSON value
    """Return a value in the distribution's own form: 8.0 among integers is 8."""
    if isinstance(distribution, Constant):
        return distribution.value
    if isinstance(distribution, ChoiceDistribution):
        index = distribution.index(value)
        return value if index is None else distribution.values[index]
    sample = distribution.sample(0.5)
    return int(value) if isinstance(sample, int) else float(value)


def describe(distribution: Distribution) -> str:
    """Return a distribution as a short text, as ``uniform from 0 to 1``."""
    fields = distribution.to_dict()
    name = str(fields.pop("distribution")).replace("_", " ")
    if isinstance(distribution, Constant):
        return f"always {brief(distribution.value)}"
    if isinstance(distribution, ChoiceDistribution):
        return f"one of {brief(distribution.values)}"
    if "min" in fields and "max" in fields:
        low, high = fields.pop("min"), fields.pop("max")
        rest = "".join(f", {key} {value}" for key, value in fields.items())
        return f"{name} from {low} to {high}{rest}"
    return f"{name} with " + ", ".join(f"{key} {value}" for key, value in fields.items())


def _unknown(path: Path, spec: Spec) -> str:
    name, known = ".".join(path), [".".join(each) for each in spec.leaves]
    near = nearest(name, known)
    remedy = f"did you mean {near!r}?" if near else f"they are {', '.join(known)}"
    return f"{name}: the sweep has no such parameter: {remedy} ({FORCE})"
