"""The state of the whole server: users, entities and all records.

One `Site` belongs to one server; everything that reads or changes it holds `lock`. Its clock and
its ids depend only on its requests, so the same requests in the same order lead to the same site:
this is how a killed server restores its state.
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import PurePosixPath

from fake_wandb_server.document import GraphQLError
from fake_wandb_server.state import Agent, Artifact, Run, Sweep

ENTITY = "team"
USER = "ada"
KEY = "0123456789" * 3 + "loopbackkey"[:10]  # 40 characters, as a real one has


@dataclass
class Site:
    """Everything that clients have sent.

    Attributes
    ----------
    url
        The server's own address, which is part of the addresses that clients fetch.
    entities, forbidden
        The entities by name, with their projects in order; those without access.
    runs, sweeps
        By entity, project and name.
    blobs
        What was uploaded for artifacts, by path below ``/storage/``.
    manifests, births, client_ids
        The artifact of a manifest, the artifact with which content came first, that of a client's
        id.
    stopped
        Runs that were stopped, by name, including those that have not started.
    """

    url: str = ""
    key: str = KEY
    forbidden: set[str] = field(default_factory=set)
    entities: dict[str, list[str]] = field(default_factory=lambda: {ENTITY: []})
    runs: dict[tuple[str, str, str], Run] = field(default_factory=dict)
    sweeps: dict[tuple[str, str, str], Sweep] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, str] = field(default_factory=dict)
    births: dict[str, str] = field(default_factory=dict)
    client_ids: dict[str, str] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    rejects_keys: bool = False
    now: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _counter: int = 0

    def clock(self) -> float:
        return time.time()

    def count(self) -> int:
        """Return the next number of this site."""
        self._counter += 1
        return self._counter

    def project(self, entity: str | None, name: str | None, during: str = "") -> tuple[str, str]:
        """Return the names of a project, which need not exist yet.

        Raises
        ------
        GraphQLError
            If there is no such entity, in the real server's words.
        """
        entity = entity or ENTITY
        if entity in self.forbidden:
            raise GraphQLError("permission denied", 403)
        if entity not in self.entities:
            raise GraphQLError(f"entity {entity} not found during {during}", 404)
        return entity, name or "uncategorized"

    def make_project(self, entity: str, name: str) -> None:
        if name not in self.entities[entity]:
            self.entities[entity].append(name)

    def find_run(self, entity: str | None, project: str | None, name: str | None) -> Run | None:
        return self.runs.get((entity or ENTITY, project or "uncategorized", name or ""))

    def find_sweep(self, entity: str | None, project: str | None, name: str) -> Sweep | None:
        return self.sweeps.get((entity or ENTITY, project or "uncategorized", name))

    def runs_of(self, entity: str, project: str) -> list[Run]:
        """Return a project's runs in the order in which they were created."""
        runs = [
            run for run in self.runs.values() if (run.entity, run.project) == (entity, project)
        ]
        return sorted(runs, key=lambda run: run.number)


def global_id(kind: str, *parts: object) -> str:
    """Return an opaque id in the form of the real server's."""
    return base64.b64encode(":".join([kind, "v1", *map(str, parts)]).encode()).decode()


def parts_of(identifier: str) -> list[str]:
    """Return the parts of a `global_id`, without its version."""
    try:
        kind, _, *parts = base64.b64decode(identifier, validate=True).decode().split(":")
    except ValueError as error:
        raise GraphQLError(f"invalid id {identifier!r}", 404) from error
    return [kind, *parts]


def timestamp(seconds: float | None) -> str | None:
    """Return a time in the server's format."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def storage_path(*parts: str) -> str:
    return str(PurePosixPath(*parts))
