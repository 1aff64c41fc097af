"""The state of the server: plain records that tests read.

Nothing here uses HTTP or GraphQL. Times are seconds since the epoch; JSON arrives parsed. The
records change only under the server's lock.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
SUMMARY = "wandb-summary.json"
CONSOLE = "output.log"

CRASHED_AFTER = 300.0  # seconds without a message from a running run


@dataclass
class Lines:
    """One file of the file stream: its lines by offset."""

    lines: dict[int, str] = field(default_factory=dict)
    overwritten: int = 0

    def store(self, offset: int, content: list[str]) -> None:
        """Store lines at their offsets; the same line may arrive again."""
        for number, line in enumerate(content, offset):
            self.overwritten += number in self.lines
            self.lines[number] = line

    def all(self) -> list[str]:
        """Return the lines in order."""
        return [self.lines[number] for number in sorted(self.lines)]

    @property
    def count(self) -> int:
        """Return the number of lines of the file, from the first to the last."""
        return max(self.lines) + 1 if self.lines else 0


@dataclass
class StoredFile:
    """A file of a run."""

    content: bytes
    updated: float


@dataclass
class Run:
    """One run, as reported to the server."""

    name: str
    project: str
    entity: str
    created: float
    number: int
    display_name: str = ""
    raw_config: dict[str, Any] = field(default_factory=dict)
    summary_metrics: str = "{}"
    streams: dict[str, Lines] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    description: str | None = None
    group: str | None = None
    job_type: str | None = None
    host: str | None = None
    commit: str | None = None
    program: str | None = None
    sweep: str | None = None
    declared: str = "running"
    exit_code: int | None = None
    should_stop: bool = False
    upserts: int = 0
    heartbeat: float = 0.0
    finished: float | None = None
    dropped: int = 0
    resumed: int = 0
    logged: list[str] = field(default_factory=list)  # artifacts, as name:v0
    used: list[str] = field(default_factory=list)
    logged_ids: list[str] = field(default_factory=list)
    used_ids: list[str] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def state(self) -> str:
        """Return running, finished, failed, killed, crashed, or what a client declared."""
        silent = time.time() - self.heartbeat > CRASHED_AFTER
        return "crashed" if self.declared == "running" and silent else self.declared

    @property
    def config(self) -> dict[str, Any]:
        """Return the config without W&B's own part."""
        return {
            key: entry["value"] if isinstance(entry, dict) and "value" in entry else entry
            for key, entry in self.raw_config.items()
            if key != "_wandb"
        }

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads(self.summary_metrics)  # type: ignore[no-any-return]

    def stream(self, name: str) -> Lines:
        return self.streams.setdefault(name, Lines())

    @property
    def history(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream(HISTORY).all()]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream(EVENTS).all()]

    @property
    def console(self) -> list[str]:
        return [line.rstrip("\n") for line in self.stream(CONSOLE).all()]

    @property
    def overwritten(self) -> int:
        """Return the number of lines of the history that arrived more than once."""
        return self.stream(HISTORY).overwritten


@dataclass
class Assignment:
    """A set of parameters that an agent was given."""

    run: str
    agent: str
    args: dict[str, Any]
    time: float
    seen: bool = False
    times: int = 1


@dataclass
class Agent:
    """One agent, in W&B's sense."""

    id: str
    name: str
    host: str
    sweep: str
    created: float
    heartbeat: float
    heartbeats: int = 0
    run_state: dict[str, Any] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    pending: list[dict[str, Any]] = field(default_factory=list)
    stop_requested: list[str] = field(default_factory=list)


@dataclass
class Sweep:
    """One sweep."""

    name: str
    project: str
    entity: str
    created: float
    config_text: str
    config: dict[str, Any]
    number: int
    state: str = "RUNNING"
    display_name: str | None = None
    description: str | None = None
    controller: str | None = None
    scheduler: str | None = None
    updated: float | None = None
    prior_runs: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    assignments: dict[str, Assignment] = field(default_factory=dict)
    asked: int = 0
    exhausted: bool = False
    queued: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Artifact:
    """One version of an artifact."""

    id: str
    name: str
    type: str
    entity: str
    project: str
    digest: str
    created: float
    client_id: str
    sequence_client_id: str
    run: str | None
    version: int = 0
    state: str = "PENDING"
    description: str | None = None
    metadata: str = "{}"
    aliases: list[str] = field(default_factory=list)
    asked_aliases: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    ttl: int | None = None
    history_step: int | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    manifest_id: str | None = None
    used_by: list[str] = field(default_factory=list)

    @property
    def version_name(self) -> str:
        return f"{self.name}:v{self.version}"

    @property
    def size(self) -> int:
        return sum(entry.get("size", 0) for entry in self.manifest.get("contents", {}).values())


@dataclass
class Snapshot:
    """All records, by the names that tests use."""

    runs: dict[str, Run]
    sweeps: dict[str, Sweep]
    agents: dict[str, Agent]
    artifacts: dict[str, Artifact]
    refused: list[str]
    rejecting: bool
