"""Parses a query into a tree of conditions.

::

    query      = [ either ]
    either     = both { "or" both }
    both       = negation { "and" negation }
    negation   = { "not" } condition
    condition  = "(" either ")" | "tag:" TEXT | "has:" NAME | comparison | membership | words
    comparison = NAME ( "<" | "<=" | ">" | ">=" | "==" | "=" | "!=" | "~" | "!~" ) value
    membership = NAME [ "not" ] "in" "[" value { "," value } "]"
    words      = TEXT { TEXT }
    value      = TEXT | number | "[" [ value { "," value } ] "]"

``&&``, ``||`` and ``!`` mean ``and``, ``or`` and ``not``. Nothing is evaluated.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn

from wandb_magic.errors import QueryError
from wandb_magic.query.lexer import PREFIXES, Kind, Token, tokens
from wandb_magic.query.run_fields import NUMBER_FIELDS, field_name
from wandb_magic.records import RunState

MAX_DEPTH = 100
"""Of brackets within brackets."""
MAX_LENGTH = 10_000
"""Characters of a query."""

ORDER = ("<", "<=", ">", ">=")
_OPERATORS = (*ORDER, "==", "=", "!=", "~", "!~")
_AND, _OR, _NOT, _IN = ("and", "&&", "&"), ("or", "||", "|"), ("not", "!"), ("in",)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPECIAL = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "none": None, "null": None}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[smhd]){1,9}")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Literal:
    """A value as it was written: a text, and what else it may stand for.

    Attributes
    ----------
    text
        The text itself.
    number
        The number that it stands for, if it does.
    constant
        ``(True,)``, ``(False,)`` or ``(None,)`` if it stands for that, else empty.
    """

    text: str
    number: float | None = None
    constant: tuple[bool | None, ...] = ()


Value = Literal | tuple["Value", ...]


@dataclass(frozen=True)
class Both:
    """All conditions hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Either:
    """At least one condition holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """The condition does not hold."""

    part: Node


@dataclass(frozen=True)
class Words:
    """All words occur in what the panel shows of a run."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Has:
    """The run has a value of this name."""

    name: str


@dataclass(frozen=True)
class Compare:
    """A value of the run compares with another one as the operator says."""

    name: str
    operator: str
    value: Value


@dataclass(frozen=True)
class In:
    """A value of the run is one of several."""

    name: str
    values: tuple[Value, ...]
    negated: bool


Node = Both | Either | Not | Words | Has | Compare | In


def parse(query: str) -> Node:
    """Return the tree of a query.

    Raises
    ------
    QueryError
        If the query is invalid.
    """
    if len(query) > MAX_LENGTH:
        raise QueryError(
            f"a query has at most {MAX_LENGTH} characters, this one {len(query)}", MAX_LENGTH + 1
        )
    return _Parser(tokens(query)).query()


class _Parser:
    """A recursive descent over tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def query(self) -> Node:
        if len(self._tokens) == 1:
            return Both(())
        node = self._either()
        if self._token.kind is not Kind.END:
            self._fail("expected 'and', 'or' or the end")
        return node

    def _either(self) -> Node:
        parts = [self._both()]
        while self._accept(_OR):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Node:
        parts = [self._negation()]
        while self._accept(_AND):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _negation(self) -> Node:
        negated = False
        while self._accept(_NOT):
            negated = not negated
        node = self._condition()
        return Not(node) if negated else node

    def _condition(self) -> Node:
        token = self._token
        if self._accept(("(",)):
            self._enter(token)
            node = self._either()
            if not self._accept((")",)):
                self._fail(f"expected ')' for the '(' in column {token.column}")
            self._depth -= 1
            return node
        if token.kind in (Kind.SYMBOL, Kind.END) or self._is_keyword(token):
            self._fail("expected a condition")
        self._next += 1
        if token.kind is Kind.WORD and token.text.startswith(PREFIXES):
            return self._prefixed(token)
        if self._token.kind is Kind.SYMBOL and self._token.text in _OPERATORS:
            return self._comparison(token)
        membership = self._membership(token)
        if membership is not None:
            return membership
        if token.kind is Kind.NAME:
            self._fail(f"expected an operator after `{token.text}`")
        return self._words(token)

    def _prefixed(self, token: Token) -> Node:
        prefix, text = token.text[:4], token.text[4:]
        if not text:
            if self._token.kind not in (Kind.TEXT, Kind.NAME):
                self._fail(f"expected a {'tag' if prefix == 'tag:' else 'name'} after '{prefix}'")
            text = self._token.text
            self._next += 1
        return Has(text) if prefix == "has:" else Compare("tags", "==", Literal(text))

    def _comparison(self, name: Token) -> Node:
        operator = self._token.text
        self._next += 1
        field = field_name(name.text)
        value = self._value(field, operator, f"after '{operator}'")
        return Compare(name.text, "==" if operator == "=" else operator, value)

    def _membership(self, name: Token) -> Node | None:
        """Parse ``in […]`` or ``not in […]`` if it comes next; without a list, they are words."""
        ahead = self._tokens[self._next : self._next + 3]
        negated = self._is_keyword(ahead[0], _NOT) and ahead[0].kind is Kind.WORD
        words = ahead[1:] if negated else ahead
        if len(words) < 2 or not self._is_keyword(words[0], _IN):  # noqa: PLR2004 - in and [
            return None
        opening = words[1]
        if opening.kind is not Kind.SYMBOL or opening.text not in ("[", "("):
            if not negated:
                return None
            self._next += 2
            self._fail("expected '[' after 'not in'")
        self._next += 3 if negated else 2
        field = field_name(name.text)
        return In(name.text, self._list(field, opening), negated)

    def _words(self, first: Token) -> Node:
        words = [first.text]
        while self._token.kind in (Kind.WORD, Kind.TEXT):
            following = self._tokens[self._next + 1]
            is_name = following.kind is Kind.SYMBOL and following.text in _OPERATORS
            is_keyword = self._is_keyword(self._token)
            if is_name or is_keyword or self._token.text.startswith(PREFIXES):
                break
            words.append(self._token.text)
            self._next += 1
        return Words(tuple(words))

    def _list(self, field: str | None, opening: Token) -> tuple[Value, ...]:
        """Parse the rest of a list, whose opening bracket was read."""
        self._enter(opening)
        closing = "]" if opening.text == "[" else ")"
        values: list[Value] = []
        while not self._accept((closing,)):
            if values and not self._accept((",",)):
                self._fail(f"expected ',' or '{closing}'")
            values.append(self._value(field, "==", f"or '{closing}'"))
        self._depth -= 1
        return tuple(values)

    def _value(self, field: str | None, operator: str, where: str) -> Value:
        token = self._token
        expected = "a number" if operator in ORDER else "a value"
        if operator in ("==", "=", "!=") and self._accept(("[",)):
            return self._list(None, token)
        if token.kind not in (Kind.WORD, Kind.TEXT) or self._is_keyword(token):
            self._fail(f"expected {expected} {where}")
        literal = Literal(token.text) if token.kind is Kind.TEXT else _literal(token.text)
        if field == "duration" and _DURATION.fullmatch(token.text):
            literal = Literal(token.text, _seconds(token.text))
        if literal.number is None and operator in ORDER:
            self._fail(f"expected {expected} {where}")
        if operator not in ("~", "!~"):
            self._check_field(field, literal)
        if field == "state":
            literal = Literal(token.text.lower())
        self._next += 1
        return literal

    def _check_field(self, field: str | None, literal: Literal) -> None:
        """Refuse what a field of every run can never be: a slip must not look like no result."""
        states = [state.value for state in RunState]
        if field == "state" and literal.text.lower() not in states:
            self._fail(f"expected a state ({', '.join(states)})")
        if field in NUMBER_FIELDS and literal.number is None:
            self._fail(f"expected a number, which {field} is")

    def _enter(self, opening: Token) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(
                f"brackets are more than {MAX_DEPTH} deep: simplify the query", opening.column
            )

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _accept(self, texts: tuple[str, ...]) -> bool:
        """Go on if the next token is one of these symbols or keywords."""
        token = self._token
        if token.kind is Kind.SYMBOL:
            accepted = token.text in texts
        else:
            accepted = self._is_keyword(token, texts)
        self._next += accepted
        return accepted

    def _is_keyword(self, token: Token, keywords: tuple[str, ...] = (*_AND, *_OR, *_NOT)) -> bool:
        return token.kind is Kind.WORD and token.text.lower() in keywords

    def _fail(self, expected: str) -> NoReturn:
        raise QueryError(f"{expected}, not {self._token}", self._token.column)


def _literal(word: str) -> Literal:
    lower = word.lower()
    if _NUMBER.fullmatch(word):
        return Literal(word, float(word))
    sign, name = (word[0], lower[1:]) if word[0] in "+-" else ("", lower)
    if name in _SPECIAL:
        return Literal(word, -_SPECIAL[name] if sign == "-" else _SPECIAL[name])
    return Literal(word, constant=(_WORDS[lower],) if lower in _WORDS else ())


def _seconds(text: str) -> float:
    """Return a duration such as ``1h30m`` in seconds."""
    seconds, number = 0.0, ""
    for char in text:
        if char in _UNITS:
            seconds += float(number) * _UNITS[char]
            number = ""
        else:
            number += char
    return seconds
