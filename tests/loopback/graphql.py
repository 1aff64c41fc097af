"""As much of GraphQL as the clients speak: a document is parsed, and answered field by field.

The clients' queries differ from version to version, so answers follow what a query selects and are
not written by hand for each. It knows no schema: a `Node` has the fields that it has, and an
unknown one is an error, as it is for the real server. Subscriptions and custom directives are
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

TOKEN = re.compile(
    r'[\s,]+|#[^\n]*|(?P<block>"""[\s\S]*?""")|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<spread>\.\.\.)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[_A-Za-z]\w*)|(?P<mark>[!$&()\[\]{}:=@|])"
)
CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}

Args = dict[str, Any]
Resolver = Callable[[Args], object]


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
class Node:
    """An object of the answer: its type, and its fields as values or functions of arguments."""

    typename: str
    fields: Mapping[str, object | Resolver]


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
            raise GraphQLError(f"Syntax Error: Cannot parse the unexpected character {text[at]!r}.")
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


class Execution:
    """One answer.

    Parameters
    ----------
    document
        What is asked.
    variables
        The values that came with it.
    """

    def __init__(self, document: Document, variables: Mapping[str, Any] | None) -> None:
        self.document = document
        self.variables = {**document.defaults, **(variables or {})}

    def run(self, root: Node) -> dict[str, object]:
        """Answer the whole query from `root`."""
        return self.select(root, self.document.selection)

    def select(self, node: Node, selection: Sequence[Field]) -> dict[str, object]:
        answer: dict[str, object] = {}
        for chosen in self.flat(node, selection):
            value = self.resolve(node, chosen)
            if isinstance(answer.get(chosen.key), dict) and isinstance(value, dict):
                merge(answer[chosen.key], value)
            else:
                answer[chosen.key] = value
        return answer

    def flat(self, node: Node, selection: Sequence[Field]) -> list[Field]:
        """Put fragments in place of their names."""
        found: list[Field] = []
        for chosen in selection:
            if not self.included(chosen):
                continue
            if chosen.spread is not None:
                fragment = self.document.fragments[chosen.spread]
                found += self.flat(node, [fragment])
            elif not chosen.name:
                if fits(chosen.on, node.typename):
                    found += self.flat(node, chosen.selection)
            else:
                found.append(chosen)
        return found

    def included(self, chosen: Field) -> bool:
        conditions = {name: self.value(args.get("if")) for name, args in chosen.directives}
        return conditions.get("include", True) and not conditions.get("skip", False)

    def resolve(self, node: Node, chosen: Field) -> object:
        if chosen.name == "__typename":
            return node.typename
        if chosen.name not in node.fields:
            raise GraphQLError(
                f'Cannot query field "{chosen.name}" on type "{node.typename}".', 400
            )
        value = node.fields[chosen.name]
        if callable(value):
            value = value({name: self.value(given) for name, given in chosen.args})
        return self.shape(value, chosen)

    def shape(self, value: object, chosen: Field) -> object:
        if isinstance(value, Node):
            return self.select(value, chosen.selection)
        if isinstance(value, list | tuple) and chosen.selection:
            return [self.shape(item, chosen) for item in value]
        return value

    def value(self, given: Any) -> Any:
        if isinstance(given, Variable):
            return self.variables.get(given.name)
        if isinstance(given, list):
            return [self.value(item) for item in given]
        if isinstance(given, dict):
            return {name: self.value(item) for name, item in given.items()}
        return given


def merge(into: Any, more: dict[str, Any]) -> None:
    """Join two selections of the same field."""
    for key, value in more.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            merge(into[key], value)
        else:
            into[key] = value


def fits(on: str | None, typename: str) -> bool:
    """Return whether a fragment on type `on` is for `typename`; collections have an interface."""
    return on in {None, typename} or (
        on in {"ArtifactCollection", "ArtifactCollectionInterface"}
        and typename in {"ArtifactSequence", "ArtifactPortfolio"}
    )
