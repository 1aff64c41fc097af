"""The language of queries: from text to fields, arguments and fragments.

No schema is known here, and nothing is looked up. Subscriptions and descriptions are refused.
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
    """What is wrong with a query; `status` is the answer's HTTP status.

    Parameters
    ----------
    message
        The one entry of the answer's list of errors.
    status
        400 for a query that does not fit, 404 and 403 for what is not there or not allowed.
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
        found = self.peek() == token
        self.at += found
        return found

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
        found = []
        while self.skip("@"):
            found.append((self.take(), self.arguments()))
        return tuple(found)

    def arguments(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.skip("("):
            while not self.skip(")"):
                name = self.take()
                self.take(":")
                found[name] = self.value()
        return found

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
    """Split a document, without what means nothing."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise GraphQLError(
                f"Syntax Error: Cannot parse the unexpected character {text[at]!r}."
            )
        if match.lastgroup:
            found.append(match.group())
        at = match.end()
    return found


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
    """Parse a document; the same one is parsed once."""
    return Parser(text).document()
