"""The part of GraphQL that the clients use."""

from __future__ import annotations

from typing import Any

import pytest

from fake_wandb_server.document import GraphQLError, parse
from fake_wandb_server.graphql import Execution, Node

ROOT = Node(
    "Query",
    {
        "run": lambda args: Node("Run", {"name": args["name"], "tags": ["a"], "config": None}),
        "echo": lambda args: args,
        "nodes": [Node("A", {"x": 1}), Node("B", {"y": 2})],
    },
)


def answer(text: str, **variables: Any) -> dict[str, object]:
    return Execution(parse(text), variables).run(ROOT)


def test_fields_aliases_variables_and_defaults() -> None:
    text = (
        'query Q($n: String = "d", $list: [String!]!) '
        "{ it: run(name: $n) { name tags __typename } }"
    )
    assert answer(text) == {"it": {"name": "d", "tags": ["a"], "__typename": "Run"}}
    assert answer(text, n="v") == {"it": {"name": "v", "tags": ["a"], "__typename": "Run"}}


def test_values() -> None:
    text = 'query ($v: Int) { echo(a: [1, -2.5, "s\\"q", $v], b: {c: true, d: null}, e: ENUM) }'
    assert answer(text, v=4) == {
        "echo": {"a": [1, -2.5, 's"q', 4], "b": {"c": True, "d": None}, "e": "ENUM"}
    }


def test_fragments_and_conditions() -> None:
    text = """
    query Q($yes: Boolean!) {  # a comment
        nodes {
            __typename ...OnA ... on B { y @skip(if: $yes) } ... @include(if: $yes) { __typename }
        }
    }
    fragment OnA on A { x @include(if: $yes) }
    """
    assert answer(text, yes=True)["nodes"] == [{"__typename": "A", "x": 1}, {"__typename": "B"}]
    assert answer(text, yes=False)["nodes"] == [{"__typename": "A"}, {"__typename": "B", "y": 2}]


@pytest.mark.parametrize(
    ("text", "message"),
    [("{ run(name: 1) { nothing } }", 'Cannot query field "nothing"'), ("{ run(", "Syntax Error")],
)
def test_refusals(text: str, message: str) -> None:
    with pytest.raises(GraphQLError, match=message):
        answer(text)
