"""Handles requests: from a request to the site and back to a response, without sockets.

A request that changes something is written to the journal first, so that nothing that was answered
is ever lost.
"""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from typing import Any, Protocol

from fake_wandb_server import accounts, artifacts, filestream, runs, sweeps
from fake_wandb_server.actions import ACTIONS
from fake_wandb_server.document import GraphQLError, parse
from fake_wandb_server.graphql import Execution, Node
from fake_wandb_server.messages import BINARY, Request, Response, failure
from fake_wandb_server.site import Site
from fake_wandb_server.state import Snapshot, StoredFile

# Routes that require the key.
KEEPS = frozenset({"graphql", "files", "artifacts", "artifactsV2", "admin"})


class Journal(Protocol):
    """Stores the requests that change the site."""

    def write(self, time: float, request: Request) -> None:
        """Store a request before it is answered."""
        ...


class Application:
    """Answers requests with the records of a site.

    Parameters
    ----------
    site
        The records.
    journal
        Where changes are stored, if anywhere.
    """

    def __init__(self, site: Site, journal: Journal | None = None) -> None:
        self.site = site
        self.journal = journal
        self.refused: list[str] = []

    def answer(self, request: Request, *, trusted: bool = False) -> Response:
        """Carry out a request; a trusted one needs no key."""
        if not trusted and not self.allowed(request):
            return failure(401, "user is not logged in")
        with self.site.lock:
            now = self.site.clock()
            if self.journal is not None and request.changes:
                self.journal.write(now, request)
            return self.carry_out(now, request)

    def carry_out(self, now: float, request: Request) -> Response:
        """Carry out a request as of a time; a replay of the journal does the same."""
        self.site.now = now
        try:
            return self.routed(request)
        except GraphQLError as error:
            self.refused.append(f"{request.operation}: {error}")
            return failure(error.status, str(error), request.operation)
        except Exception:  # noqa: BLE001 - a bug of this server: the test must see it, and the client must end
            self.refused.append(f"{request.operation}: {traceback.format_exc()}")
            return failure(400, "the fake W&B server is at fault", request.operation)

    def allowed(self, request: Request) -> bool:
        """Return whether the key is valid; pages and uploaded files do not require it."""
        if request.route[0] not in KEEPS:
            return True
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            try:
                secret = base64.b64decode(secret).decode().partition(":")[2]
            except ValueError:
                return False
        rejected = self.site.rejects_keys and request.route[0] != "admin"
        return secret == self.site.key and not rejected

    def routed(self, request: Request) -> Response:  # noqa: PLR0911 - one for each kind of address
        route = request.route
        if route == ["graphql"]:
            return self.graphql(request)
        if route == ["admin", "act"]:
            ACTIONS[request.payload["name"]](self.site, **request.payload["args"])
            return Response(200, b"{}")
        if route == ["admin", "snapshot"]:
            return Response(200, pickle.dumps(self.snapshot()), BINARY)
        if route == ["healthz"]:
            return Response(200, b"ok", "text/plain")
        if route[0] == "files" and route[-1] == "file_stream":
            answer = filestream.receive(self.site, route[1:4], request.payload)
            return Response(200, json.dumps(answer).encode())
        if route[0] in {"storage", "artifacts", "artifactsV2"}:
            return self.stored(request)
        return self.page(request)

    def snapshot(self) -> Snapshot:
        """Return all records by the names that tests use."""
        site = self.site
        with site.lock:
            committed = [each for each in site.artifacts.values() if each.state == "COMMITTED"]
            return Snapshot(
                {run.name: run for run in site.runs.values()},
                {sweep.name: sweep for sweep in site.sweeps.values()},
                dict(site.agents),
                {each.version_name: each for each in committed},
                list(self.refused),
                site.rejects_keys,
            )

    def page(self, request: Request) -> Response:
        """Answer a browser: projects, runs and sweeps have pages."""
        entity, project, kind, name = [*request.route, *[""] * 4][:4]
        page_exists = {
            "": not entity or project in self.site.entities.get(entity, []),
            "runs": (entity, project, name) in self.site.runs,
            "sweeps": (entity, project, name) in self.site.sweeps,
        }
        if request.method not in {"GET", "HEAD"} or not page_exists.get(kind):
            return failure(404, f"no such page: {request.path}")
        return Response(200, b"<!doctype html><title>fake_wandb_server</title>", "text/html")

    def graphql(self, request: Request) -> Response:
        document = parse(request.payload["query"])
        execution = Execution(document, request.payload.get("variables"))
        fields: dict[str, Any] = accounts.queries(self.site)
        if document.kind == "mutation":
            fields = {
                name: lambda args, act=act: act(args.get("input", args))
                for source in (runs, sweeps, artifacts)
                for name, act in source.mutations(self.site).items()
            }
        root = Node("Mutation" if document.kind == "mutation" else "Query", fields)
        return Response(200, json.dumps({"data": execution.run(root)}).encode())

    def stored(self, request: Request) -> Response:
        """Store or return a file."""
        route = request.route
        if route[:2] == ["storage", "runs"]:
            run = self.site.find_run(*route[2:5])
            name = "/".join(route[5:])
            if run is None:
                return failure(404, "no such run")
            if request.method == "PUT":
                run.files[name] = StoredFile(request.body, self.site.now)
                return Response(200)
            file = run.files.get(name)
            return Response(200, file.content, BINARY) if file else failure(404, "no such file")
        path = artifacts.blob_path(route)
        if request.method == "PUT":
            self.site.blobs[path] = request.body
            return Response(200)
        if path not in self.site.blobs:
            return failure(404, "no such file")
        return Response(200, self.site.blobs[path], BINARY)
