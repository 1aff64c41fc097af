"""Connections: lists that are read page by page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fake_wandb_server.graphql import Args, Node


def connection(
    nodes: Sequence[Node],
    args: Args | None = None,
    typename: str = "Connection",
    edge: Callable[[Node], Mapping[str, object]] = lambda _: {},
) -> Node:
    """Return one page; the cursor is the position after a node, `edge` tells more of each."""
    args = args or {}
    first = int(args.get("after") or 0)
    last = min(len(nodes), first + int(args["first"])) if args.get("first") else len(nodes)
    page = {
        "endCursor": str(last) if last > first else None,
        "hasNextPage": last < len(nodes),
        "hasPreviousPage": first > 0,
        "startCursor": str(first),
    }
    edges = [
        Node("Edge", {"node": node, "cursor": str(number), **edge(node)})
        for number, node in enumerate(nodes[first:last], first + 1)
    ]
    return Node(
        typename,
        {"totalCount": len(nodes), "edges": edges, "pageInfo": Node("PageInfo", page)},
    )
