"""Splits a query into tokens, each with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from wandb_magic.errors import QueryError

_SPACE = " \t\r\n\u00a0"
_QUOTES = "\"'`"
_OPERATORS = ("&&", "||", "<=", ">=", "==", "!=", "!~", "<", ">", "=", "~", "!", "&", "|")
_PUNCTUATION = "()[],"
_WORD_END = frozenset(f"{_SPACE}{_PUNCTUATION}<>=!~&|")
PREFIXES = ("tag:", "has:")
"""What a word begins with that asks for a tag, or whether a run has a value."""


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    TEXT = "text"
    NAME = "name"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True)
class Token:
    """A token of a query.

    Attributes
    ----------
    kind
        ``WORD`` stands for itself, ``TEXT`` was in quotes, ``NAME`` in backquotes, ``SYMBOL`` is
        an operator or a bracket.
    text
        Its text, without quotes.
    column
        The place of its first character, counted from 1.
    """

    kind: Kind
    text: str
    column: int

    def __str__(self) -> str:
        """Return how a message names it."""
        return "the end" if self.kind is Kind.END else f"'{self.text}'"


def tokens(query: str) -> list[Token]:
    """Return the tokens of a query; the last one is its end.

    Raises
    ------
    QueryError
        If a quote is not closed.
    """
    return list(_tokens(query))


def _tokens(query: str) -> Iterator[Token]:
    place = 0
    while place < len(query):
        char = query[place]
        if char in _SPACE:
            place += 1
        elif char in _QUOTES:
            text, end = _quoted(query, place)
            yield Token(Kind.NAME if char == "`" else Kind.TEXT, text, place + 1)
            place = end
        elif char in _PUNCTUATION:
            yield Token(Kind.SYMBOL, char, place + 1)
            place += 1
        elif char in _WORD_END:
            symbol = next(each for each in _OPERATORS if query.startswith(each, place))
            yield Token(Kind.SYMBOL, symbol, place + 1)
            place += len(symbol)
        else:
            end = _word_end(query, place)
            yield Token(Kind.WORD, query[place:end], place + 1)
            place = end
    yield Token(Kind.END, "", len(query) + 1)


def _word_end(query: str, start: int) -> int:
    """Return where a word ends; a quote ends it only after a prefix, as in ``tag:"first try"``."""
    end = start
    while end < len(query) and query[end] not in _WORD_END:
        end += 1
        if query[start:end] in PREFIXES and query[end : end + 1] in tuple(_QUOTES):
            break
    return end


def _quoted(query: str, start: int) -> tuple[str, int]:
    """Return the text between quotes, and the place after it; a doubled quote stands for one."""
    quote = query[start]
    parts = []
    place = start + 1
    while True:
        end = query.find(quote, place)
        if end < 0:
            raise QueryError(f"expected a closing {quote}", len(query) + 1)
        parts.append(query[place:end])
        if query[end + 1 : end + 2] != quote:
            return quote.join(parts), end + 1
        place = end + 2
