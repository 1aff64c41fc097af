"""As much of GraphQL as the clients speak: an answer has the fields that a query selects.

The clients' queries differ from version to version, so answers follow the query and are not
written by hand for each. There is no schema: a `Node` has the fields that it has, and an unknown
one is an error, as it is for the real server.
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
    """An object of the answer: its type, and its fields as values or functions of arguments."""

    typename: str
    fields: Mapping[str, object | Resolver]


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
