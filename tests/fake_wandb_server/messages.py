"""Requests and responses, as passed between the parts of the server; no sockets here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from fake_wandb_server.document import Document, GraphQLError, parse

JSON = "application/json"
BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Request:
    """One HTTP request, its body unpacked."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def route(self) -> list[str]:
        return [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]

    @cached_property
    def payload(self) -> Any:
        return json.loads(self.body)

    @cached_property
    def document(self) -> Document | None:
        """Return the query, if this is one and it can be parsed."""
        if self.route != ["graphql"]:
            return None
        try:
            return parse(self.payload["query"])
        except (ValueError, KeyError, GraphQLError):
            return None

    @cached_property
    def operation(self) -> str:
        """Return the name of this request in tests and the log."""
        if self.document is not None:
            return self.document.name or self.document.selection[0].name
        if self.route[-1] == "file_stream":
            return "file_stream"
        return f"{self.method} {urlsplit(self.path).path}"

    @property
    def changes(self) -> bool:
        """Return whether this may change the site."""
        if self.route == ["graphql"]:
            return self.document is not None and self.document.kind == "mutation"
        return self.method not in {"GET", "HEAD"}


def first_half(request: Request) -> Request | None:
    """Return a request with the first half of its history; None if it has at most one line."""
    if request.operation != "file_stream":
        return None
    payload = json.loads(request.body)
    lines = payload.get("files", {}).get("wandb-history.jsonl", {}).get("content", [])
    del lines[len(lines) // 2 :]
    return replace(request, body=json.dumps(payload).encode()) if lines else None


@dataclass(frozen=True)
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def failure(status: int, message: str, operation: str | None = None) -> Response:
    """Return an error in the real server's format."""
    error: dict[str, Any] = {"message": message}
    if operation:
        error["path"] = [operation[:1].lower() + operation[1:]]
    return Response(status, json.dumps({"errors": [error], "data": None}).encode())
