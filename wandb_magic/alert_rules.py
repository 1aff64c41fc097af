"""Rules for alerts, of one line: ``best < 0.2``, ``failed > 3``, ``ended``, ``quiet > 30m``.

This module only reads their text; `wandb_magic.alerts` applies them.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wandb_magic.arguments import ArgumentError, brief

ALERT_PREFIX = "alert of run "
"""How the notice of what a run has passed to ``run.alert`` begins."""

ADDRESS_VARIABLE = "WANDB_MAGIC_NOTIFY"
"""Holds the address that alerts are sent to: a secret, which no file of a sweep has."""

MAX_RULES = 20
_EVENTS = ("ended", "alert")
_QUANTITIES = ("best", "failed", "lost", "finished", "quiet")
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_RULE = re.compile(r"\s*(?P<what>[a-z]+)\s*(?:(?P<sign><=?|>=?)\s*(?P<bound>\S+))?\s*")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class AlertRule:
    """A rule.

    Attributes
    ----------
    text
        As the user wrote it, with single spaces.
    what
        What it is about: a quantity of the sweep, or an event.
    sign, bound
        The comparison; "" and 0 for an event.
    """

    text: str
    what: str
    sign: str = ""
    bound: float = 0.0

    def applies(self, value: float | None) -> bool:
        """Return whether a value fulfils the comparison."""
        return value is not None and _COMPARISONS[self.sign](value, self.bound)


def parse_rules(texts: object) -> tuple[AlertRule, ...]:
    """Return the rules in some texts.

    Raises
    ------
    ArgumentError
        If one is not a rule.
    """
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise ArgumentError(f"notify: must be a list of rules, and is {brief(texts)}")
    if len(texts) > MAX_RULES:
        raise ArgumentError(f"notify: at most {MAX_RULES} rules are possible")
    return tuple(map(_parse_rule, texts))


def _parse_rule(text: object) -> AlertRule:
    match = _RULE.fullmatch(text) if isinstance(text, str) else None
    if match is not None and match["what"] in _EVENTS and match["sign"] is None:
        return AlertRule(match["what"], match["what"])
    if match is not None and match["what"] in _QUANTITIES and match["sign"] is not None:
        what, sign = match["what"], match["sign"]
        bound = _bound(match["bound"], is_duration=what == "quiet")
        if bound is not None and not (what == "quiet" and "<" in sign):
            return AlertRule(f"{what} {sign} {match['bound']}", what, sign, bound)
    raise ArgumentError(
        f"notify: {brief(text)} is not a rule: write one such as 'best < 0.2', 'failed > 3', "
        "'quiet > 30m', 'ended' or 'alert'"
    )


def _bound(text: str, *, is_duration: bool) -> float | None:
    if is_duration:
        match = _DURATION.fullmatch(text)
        return None if match is None else float(match[1]) * _UNIT_SECONDS[match[2]]
    try:
        bound = float(text)
    except ValueError:
        return None
    return bound if math.isfinite(bound) else None
