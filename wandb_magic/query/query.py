"""A parsed query, and which runs it selects."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from wandb_magic.query.grammar import (
    Both,
    Compare,
    Either,
    Has,
    In,
    Literal,
    Node,
    Not,
    Value,
    Words,
    parse,
)
from wandb_magic.query.run_fields import (
    ABSENT,
    FIELDS,
    QueryRun,
    Reader,
    as_number,
    field_name,
    known_names,
    searched_text,
    value_reader,
    value_text,
)

Test = Callable[[QueryRun], bool]
Match = Callable[[Any], bool]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Query:
    """A query that was parsed.

    Parameters
    ----------
    text
        The query as it was written.

    Raises
    ------
    QueryError
        If it is invalid.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._node = parse(text)
        self._test = _test(self._node)

    def matches(self, run: QueryRun) -> bool:
        """Return whether it selects a run."""
        return self._test(run)

    @property
    def names(self) -> list[str]:
        """The names that it compares, in their order, except those that every run has."""
        names = dict.fromkeys(_names(self._node))
        return [name for name in names if field_name(name) is None]

    def unknown_names(self, runs: Sequence[QueryRun], also: Iterable[str] = ()) -> list[str]:
        """Return a sentence for each name that no run has, with a similar one that some have.

        Parameters
        ----------
        runs
            All runs, selected or not.
        also
            Other names that are right although no run has them yet: those of the config.
        """
        others = set(also)
        unknown = [
            name
            for name in self.names
            if name not in others and all(value_reader(name)(run) is ABSENT for run in runs)
        ]
        if not unknown:
            return []
        known = sorted({*known_names(runs), *others, *FIELDS})
        sentences = []
        for name in unknown:
            similar = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {similar[0]}?" if similar else ""
            sentences.append(f"no run has {name}{hint}")
        return sentences


def parse_query(text: str) -> Query:
    """Return a parsed query.

    Raises
    ------
    QueryError
        If it is invalid.
    """
    return Query(text)


def _names(node: Node) -> Iterator[str]:
    if isinstance(node, (Both, Either)):
        for part in node.parts:
            yield from _names(part)
    elif isinstance(node, Not):
        yield from _names(node.part)
    elif isinstance(node, (Has, Compare, In)):
        yield node.name


def _test(node: Node) -> Test:
    """Return a function that tests runs; each name and literal is resolved only once."""
    if isinstance(node, Both):
        return _all([_test(part) for part in node.parts])
    if isinstance(node, Either):
        tests = [_test(part) for part in node.parts]
        return lambda run: any(test(run) for test in tests)
    if isinstance(node, Not):
        negated = _test(node.part)
        return lambda run: not negated(run)
    if isinstance(node, Words):
        words = [word.lower() for word in node.words]
        return lambda run: _has_words(searched_text(run), words)
    return _value_test(node, value_reader(node.name))


def _value_test(node: Has | Compare | In, read: Reader) -> Test:
    if isinstance(node, Has):
        return lambda run: read(run) is not ABSENT and read(run) != []
    if isinstance(node, In):
        matches = [_match("==", value) for value in node.values]
        return _compared(read, lambda value: any(each(value) for each in matches), node.negated)
    sign = {"!=": "==", "!~": "~"}.get(node.operator, node.operator)
    return _compared(read, _match(sign, node.value), sign != node.operator)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:  # noqa: PLR2004 - twice as fast as the general case
        first, second = tests
        return lambda run: first(run) and second(run)
    return lambda run: all(test(run) for test in tests)


def _has_words(text: str, words: Sequence[str]) -> bool:
    return all(word in text for word in words)


def _compared(read: Reader, match: Match, negated: bool) -> Test:  # noqa: FBT001 - of this module alone
    """Return the test of a value: false if it is absent, and true for a list if an element is."""

    def test(run: QueryRun) -> bool:
        value = read(run)
        return value is not ABSENT and match(value) is not negated

    return test


def _match(sign: str, literal: Value) -> Match:
    if isinstance(literal, tuple):
        return lambda value: _is_equal_list(value, literal)
    match = _contains(literal) if sign == "~" else _scalar_match(sign, literal)

    def match_value(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        if type(value) is list:
            return any(match(element) for element in value)
        return match(value)

    return match_value


def _contains(literal: Literal) -> Match:
    text = literal.text.lower()
    return lambda value: text in value_text(value).lower()


def _scalar_match(sign: str, literal: Literal) -> Match:
    bound = literal.number
    if sign == "==":
        return lambda value: _is_equal(value, literal)
    assert bound is not None  # the grammar accepts nothing else
    compare = _COMPARE[sign]

    def match(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        number = value if type(value) is float else as_number(value)
        return number is not None and compare(number, bound)

    return match


def _is_equal(value: Any, literal: Literal) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        if value == literal.text:
            return True
    elif value is None or isinstance(value, bool):
        return bool(literal.constant) and literal.constant[0] is value
    number = as_number(value)
    if number is None or literal.number is None:
        return False
    return number == literal.number or (math.isnan(number) and math.isnan(literal.number))


def _is_equal_list(value: Any, literals: Sequence[Value]) -> bool:  # noqa: ANN401 - any JSON value
    if not isinstance(value, (list, tuple)) or len(value) != len(literals):
        return False
    return all(
        _is_equal_list(part, literal)
        if isinstance(literal, tuple)
        else not isinstance(part, (list, tuple)) and _is_equal(part, literal)
        for part, literal in zip(value, literals, strict=True)
    )
