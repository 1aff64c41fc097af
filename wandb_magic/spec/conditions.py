"""Conditional and forbidden parts of the search space; neither is a key of W&B's.

``when`` on a parameter, or on nested parameters, names the values of other parameters with which a
run has it; ``forbid`` lists combinations that no run has. Nothing here chooses a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from random import Random
from typing import Any

from pydantic import JsonValue

from wandb_magic.spec.distributions import Distribution, as_number
from wandb_magic.spec.fields import canonical, number, resolve_numerals, to_json_value
from wandb_magic.spec.validation_errors import suggest

Path = tuple[str, ...]
"""Where a parameter is: its name below the names of the entries that hold it."""

TRIED = 2000
"""So many random combinations are forbidden before a config is taken to allow none."""

_BOUNDS = {"min", "max"}


@dataclass(frozen=True)
class Match:
    """Some of the values of a parameter: those that are listed, or those within bounds."""

    values: tuple[JsonValue, ...] = ()
    min: float | None = None
    max: float | None = None

    def __call__(self, value: object) -> bool:
        """Return whether `value` is one of them."""
        if self.values:
            return canonical(value) in map(canonical, self.values)
        x = as_number(value)
        return (
            x is not None
            and (self.min is None or x >= self.min)
            and (self.max is None or x <= self.max)
        )

    def to_json(self) -> JsonValue:
        """Return the form in which a config has it."""
        if self.values:
            return list(self.values)
        bounds = {"min": self.min, "max": self.max}
        return {key: bound for key, bound in bounds.items() if bound is not None}


Rule = Mapping[Path, Match]
"""It applies to a run that has all of these parameters, each with one of the values."""


def applies(rule: Rule, values: Mapping[Path, Any]) -> bool:
    """Return whether `rule` applies to the run with `values`."""
    return all(path in values and match(values[path]) for path, match in rule.items())


@dataclass(frozen=True)
class Conditions:
    """Which parameters a run has, and which combinations it may have.

    Attributes
    ----------
    when
        The rule of each parameter, or of each group of nested parameters, that not every run has.
    forbid
        The rules that apply to no run.
    """

    when: Mapping[Path, Rule] = field(default_factory=dict)
    forbid: tuple[Rule, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.when or self.forbid)

    def rules_of(self, path: Path) -> list[Rule]:
        """Return the rules of a parameter and of the groups that hold it."""
        heads = (path[:length] for length in range(1, len(path) + 1))
        return [self.when[head] for head in heads if head in self.when]

    def active(self, values: Mapping[Path, Any]) -> dict[Path, Any]:
        """Return `values` without those of parameters that the run does not have."""
        if not self.when:
            return dict(values)
        decided: dict[Path, bool] = {}

        def has(path: Path) -> bool:
            if path not in decided:
                decided[path] = path in values and all(
                    has(other) and match(values[other])
                    for rule in self.rules_of(path)
                    for other, match in rule.items()
                )
            return decided[path]

        return {path: value for path, value in values.items() if has(path)}

    def allows(self, values: Mapping[Path, Any]) -> bool:
        """Return whether a run may have exactly these values."""
        return not any(applies(rule, values) for rule in self.forbid)

    @property
    def deciding(self) -> set[Path]:
        """The parameters that a rule looks at."""
        rules = (*self.when.values(), *self.forbid)
        return {path for rule in rules for path in rule}

    def when_of(self, path: Path) -> dict[str, JsonValue]:
        """Return a ``when`` in the form in which a config has it; empty if there is none."""
        return rule_to_json(self.when.get(path, {}))


def rule_to_json(rule: Rule) -> dict[str, JsonValue]:
    """Return a rule in the form in which a config has it."""
    return {".".join(path): match.to_json() for path, match in rule.items()}


def read_conditions(
    whens: Mapping[Path, object],
    forbid: object,
    leaves: Mapping[Path, Distribution],
    problems: list[str],
) -> Conditions:
    """Return the conditions of a config; what is wrong with them is added to `problems`.

    Parameters
    ----------
    whens
        The ``when`` of each entry that has one, as written.
    forbid
        The config's ``forbid``, as written; None if it has none.
    leaves
        The parameters.
    """
    when = {}
    for path, written in whens.items():
        place = f"parameters.{'.parameters.'.join(path)}.when"
        rule = _read_rule(written, place, leaves, problems, near=path[:-1])
        if any(other[: len(path)] == path for other in rule):
            problems.append(f"{place}: depends on itself: name another parameter")
        else:
            when[path] = rule
    conditions = Conditions({path: rule for path, rule in when.items() if rule})
    problems += _cycles(conditions, leaves)
    if forbid is None:
        return conditions
    rules = forbid if isinstance(forbid, (list, tuple)) else [forbid]
    read = (
        _read_rule(rule, f"forbid.{index}", leaves, problems) for index, rule in enumerate(rules)
    )
    whole = Conditions(conditions.when, tuple(rule for rule in read if rule))
    if not problems and not _allows_any(whole, leaves):
        problems.append(
            f"forbid: it rules out each of {TRIED} combinations that were tried: remove an entry"
        )
    return whole


def _allows_any(conditions: Conditions, leaves: Mapping[Path, Distribution]) -> bool:
    draw = Random(0).random  # noqa: S311 - no secret
    return any(
        conditions.allows(
            conditions.active({path: each.sample(draw()) for path, each in leaves.items()})
        )
        for _ in range(TRIED)
    )


def _read_rule(
    written: object,
    place: str,
    leaves: Mapping[Path, Distribution],
    problems: list[str],
    near: Path = (),
) -> Rule:
    if not isinstance(written, Mapping) or not written:
        problems.append(
            f"{place}: must be a mapping, not {written!r:.80}: write {{parameter: value, ...}}"
        )
        return {}
    names = {".".join(path): path for path in leaves}
    rule: dict[Path, Match] = {}
    for name, value in written.items():
        path = names.get(".".join((*near, str(name)))) or names.get(str(name))
        if path is None:
            problems.append(f"{place}.{name}: there is no such parameter: {suggest(name, names)}")
            continue
        match = _read_match(value, leaves[path], f"{place}.{name}", problems)
        if match is not None:
            rule[path] = match
    return rule


def _read_match(
    written: object, distribution: Distribution, place: str, problems: list[str]
) -> Match | None:
    try:
        value = to_json_value(resolve_numerals(written))
        if isinstance(value, dict) and value.keys() <= _BOUNDS and value:
            bounds = {key: number(bound) for key, bound in value.items()}
            return Match((), bounds.get("min"), bounds.get("max"))
    except ValueError as error:
        problems.append(f"{place}: {error}")
        return None
    is_list = isinstance(value, list) and distribution.to_unit(value) is None
    values = tuple(value) if is_list and isinstance(value, list) else (value,)
    unknown = [each for each in values if distribution.to_unit(each) is None]
    for each in unknown:
        listed = getattr(distribution, "values", None)
        remedy = suggest(each, map(str, listed)) if listed else "write {min: ..., max: ...}"
        problems.append(f"{place}: the parameter is never {each!r:.80}: {remedy}")
    if not values:
        problems.append(f"{place}: is empty: give at least one value")
    return None if unknown or not values else Match(values)


def _cycles(conditions: Conditions, leaves: Mapping[Path, Distribution]) -> Iterator[str]:
    """Yield the problem if parameters depend on each other in a circle."""
    graph = {
        path: {other for rule in conditions.rules_of(path) for other in rule} for path in leaves
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        names = " and ".join(sorted({".".join(path) for path in error.args[1]}))
        yield f"parameters: {names} depend on each other: remove the when of one of them"
