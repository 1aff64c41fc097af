"""The part of GraphQL that the clients use: a response has the fields that a query selects.

The clients' queries differ from version to version, so responses are built from the query instead
of by hand for each. There is no schema: a `Node` lists its fields, and an unknown one is an error,
as on the real server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fake_wandb_server.document import Document, Field, GraphQLError, Variable

Args = dict[str, Any]
Resolver = Callable[[Args], object]


@dataclass(frozen=True)
class Node:
    """An object in a response: its type, and its fields as values or functions of arguments."""

    typename: str
    fields: Mapping[str, object | Resolver]


class Execution:
    """The execution of one query.

    Parameters
    ----------
    document
        The query.
    variables
        The values that were sent with it.
    """

    def __init__(self, document: Document, variables: Mapping[str, Any] | None) -> None:
        self.document = document
        self.variables = {**document.defaults, **(variables or {})}

    def run(self, root: Node) -> dict[str, object]:
        """Answer the whole query from `root`."""
        return self.select(root, self.document.selection)

    def select(self, node: Node, selection: Sequence[Field]) -> dict[str, object]:
        answer: dict[str, object] = {}
        for field in self.flat(node, selection):
            value = self.resolve(node, field)
            if isinstance(answer.get(field.key), dict) and isinstance(value, dict):
                merge(answer[field.key], value)
            else:
                answer[field.key] = value
        return answer

    def flat(self, node: Node, selection: Sequence[Field]) -> list[Field]:
        """Expand fragments."""
        fields: list[Field] = []
        for field in selection:
            if not self.included(field):
                continue
            if field.spread is not None:
                fragment = self.document.fragments[field.spread]
                fields += self.flat(node, [fragment])
            elif not field.name:
                if fits(field.on, node.typename):
                    fields += self.flat(node, field.selection)
            else:
                fields.append(field)
        return fields

    def included(self, field: Field) -> bool:
        conditions = {name: self.value(args.get("if")) for name, args in field.directives}
        return conditions.get("include", True) and not conditions.get("skip", False)

    def resolve(self, node: Node, field: Field) -> object:
        if field.name == "__typename":
            return node.typename
        if field.name not in node.fields:
            raise GraphQLError(
                f'Cannot query field "{field.name}" on type "{node.typename}".', 400
            )
        value = node.fields[field.name]
        if callable(value):
            value = value({name: self.value(given) for name, given in field.args})
        return self.shape(value, field)

    def shape(self, value: object, field: Field) -> object:
        if isinstance(value, Node):
            return self.select(value, field.selection)
        if isinstance(value, list | tuple) and field.selection:
            return [self.shape(item, field) for item in value]
        return value

    def value(self, argument: Any) -> Any:
        if isinstance(argument, Variable):
            return self.variables.get(argument.name)
        if isinstance(argument, list):
            return [self.value(item) for item in argument]
        if isinstance(argument, dict):
            return {name: self.value(item) for name, item in argument.items()}
        return argument


def merge(into: Any, more: dict[str, Any]) -> None:
    """Join two selections of the same field."""
    for key, value in more.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            merge(into[key], value)
        else:
            into[key] = value


def fits(on: str | None, typename: str) -> bool:
    """Return whether a fragment on `on` applies to `typename`; collections have an interface."""
    return on in {None, typename} or (
        on in {"ArtifactCollection", "ArtifactCollectionInterface"}
        and typename in {"ArtifactSequence", "ArtifactPortfolio"}
    )
