"""Parses the query language: from text to fields, arguments and fragments.

There is no schema, and nothing is looked up. Subscriptions and descriptions are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

TOKEN = re.compile(
    r'[\s,]+|#[^\n]*|(?P<block>"""[\s\S]*?""")|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<spread>\.\.\.)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[_A-Za-z]\w*)|(?P<mark>[!$&()\[\]{}:=@|])"
)
CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}


class GraphQLError(Exception):
    """An error in a query; `status` is the HTTP status of the response.

    Parameters
    ----------
    message
        The only entry in the response's list of errors.
    status
        400 for an invalid query, 404 and 403 for what does not exist or is not allowed.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Variable:
    """A use of `$name`."""

    name: str


@dataclass(frozen=True)
class Field:
    """One selected field, or a fragment (`on` or `spread`) with no name."""

    key: str = ""
    name: str = ""
    args: tuple[tuple[str, Any], ...] = ()
    directives: tuple[tuple[str, dict[str, Any]], ...] = ()
    selection: tuple[Field, ...] = ()
    on: str | None = None
    spread: str | None = None


@dataclass
class Document:
    """A parsed query."""

    kind: str = "query"
    name: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    selection: tuple[Field, ...] = ()
    fragments: dict[str, Field] = field(default_factory=dict)


class Parser:
    """Reads one document."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens(text))
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if not token or (expected is not None and token != expected):
            raise GraphQLError(f"Syntax Error: Expected {expected or 'more'}, found {token!r}.")
        self.at += 1
        return token

    def skip(self, token: str) -> bool:
        is_next = self.peek() == token
        self.at += is_next
        return is_next

    def document(self) -> Document:
        document = Document()
        while self.peek():
            if self.peek() == "fragment":
                self.take()
                name = self.take()
                self.take("on")
                document.fragments[name] = Field(on=self.take(), selection=self.selection())
                continue
            if self.peek() != "{":
                document.kind = self.take()
                if self.peek() not in {"(", "{", "@"}:
                    document.name = self.take()
                if self.skip("("):
                    while not self.skip(")"):
                        self.variable(document)
            document.selection = self.selection()
        return document

    def variable(self, document: Document) -> None:
        self.take("$")
        name = self.take()
        self.take(":")
        while self.skip("["):
            pass
        self.take()
        while self.peek() in {"!", "]"}:
            self.take()
        if self.skip("="):
            document.defaults[name] = self.value()

    def selection(self) -> tuple[Field, ...]:
        fields = []
        self.take("{")
        while not self.skip("}"):
            fields.append(self.field())
        return tuple(fields)

    def field(self) -> Field:
        if self.skip("..."):
            if self.peek() in {"on", "{", "@"}:
                on = self.take() and self.take() if self.peek() == "on" else None
                return Field(on=on, directives=self.directives(), selection=self.selection())
            return Field(spread=self.take(), directives=self.directives())
        key = name = self.take()
        if self.skip(":"):
            name = self.take()
        args = tuple(self.arguments().items())
        directives = self.directives()
        selection = self.selection() if self.peek() == "{" else ()
        return Field(key, name, args, directives, selection)

    def directives(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        directives = []
        while self.skip("@"):
            directives.append((self.take(), self.arguments()))
        return tuple(directives)

    def arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        if self.skip("("):
            while not self.skip(")"):
                name = self.take()
                self.take(":")
                arguments[name] = self.value()
        return arguments

    def value(self) -> Any:
        token = self.take()
        if token == "$":
            return Variable(self.take())
        if token == "[":
            items = []
            while not self.skip("]"):
                items.append(self.value())
            return items
        if token == "{":
            entries = {}
            while not self.skip("}"):
                name = self.take()
                self.take(":")
                entries[name] = self.value()
            return entries
        return literal(token)


def tokens(text: str) -> list[str]:
    """Split a document into tokens, without whitespace and comments."""
    result, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise GraphQLError(
                f"Syntax Error: Cannot parse the unexpected character {text[position]!r}."
            )
        if match.lastgroup:
            result.append(match.group())
        position = match.end()
    return result


def literal(token: str) -> object:
    """Return the value of a number, string, constant or enum."""
    if token.startswith('"""'):
        return token[3:-3]
    if token.startswith('"'):
        return token[1:-1].encode().decode("unicode_escape")
    if token in CONSTANTS:
        return CONSTANTS[token]
    try:
        return int(token)
    except ValueError:
        pass
    try:
        return float(token)
    except ValueError:
        return token


@lru_cache(maxsize=512)
def parse(text: str) -> Document:
    """Parse a document; the same one is parsed only once."""
    return Parser(text).document()
