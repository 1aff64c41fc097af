"""An online backend of a real sweep on a server of the tests."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.site import ENTITY
from wandb_magic.records import Options, RunRecord, SweepId, SweepRecord, SweepState
from wandb_magic.spec import load
from wandb_magic.supervisor.backends import BackendEvent, OnlineBackend
from wandb_magic.wandb_client import RemoteSweep, WandbClient

# What `wandb.sweep` asks, in short: an import of wandb for each test would take its time.
MAKE = "mutation Make($input: X!) { upsertSweep(input: $input) { sweep { name } } }"


@dataclass
class Served:
    """A sweep at the server, and what its backends say."""

    sweep: RemoteSweep
    record: SweepRecord
    client: WandbClient
    agents: Path
    said: list[BackendEvent] = field(default_factory=list)

    def backend(self, runs: Iterable[RunRecord] = ()) -> OnlineBackend:
        """Make a backend, as a supervisor does, in a running loop."""
        return OnlineBackend(self.client, self.record, self.agents, runs, self.said.append)


Serve = Callable[..., Served]


@pytest.fixture
def serve(
    fake_wandb_server: FakeWandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Serve:
    monkeypatch.setattr("wandb_magic.supervisor.backends.online.HEARTBEAT_S", 0.2)

    def served(config: Mapping[str, Any], **options: Any) -> Served:
        spec = load(config)
        client = WandbClient(fake_wandb_server.url, fake_wandb_server.key)
        given = {
            "config": json.dumps(spec.to_dict()),
            "projectName": "tests",
            "entityName": ENTITY,
        }
        made = client.execute(MAKE, input=given)["upsertSweep"]["sweep"]["name"]
        sweep = RemoteSweep(ENTITY, "tests", made, url=f"{fake_wandb_server.url}/sweeps/{made}")
        record = SweepRecord(
            id=SweepId(sweep.id),
            name=sweep.id,
            project=sweep.project,
            entity=sweep.entity,
            mode="online",
            state=SweepState.RUNNING,
            created=0.0,
            spec=spec.to_dict(),
            options=Options(**options),
            agents=2,
            budget=None,
            url=sweep.url,
        )
        return Served(sweep, record, client, tmp_path / "agents.json")

    return served
