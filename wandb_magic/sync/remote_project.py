"""Reads what the server has of a sweep, and sends the little that W&B's own commands do not.

It never deletes: a deleted run cannot be created again under the same id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from wandb_magic.records import RunId
from wandb_magic.wandb_client import WandbClient
from wandb_magic.wandb_client.queries import SET_STATE
from wandb_magic.wandb_client.sweeps import query_sweep
from wandb_magic.wandb_log.rewrite import Address

PAGE = 100
FINAL_STATES = frozenset({"FINISHED", "CANCELED", "CANCELLED"})

RUNS = """
query Runs($project: String!, $entity: String!, $filters: JSONString, $first: Int) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, first: $first) {
      edges { node { name state historyLineCount sweepName } }
    }
  }
}
"""

SWEEPS = """
query GetSweeps($project: String!, $entity: String!, $after: String, $first: Int) {
  project(name: $project, entityName: $entity) {
    sweeps(after: $after, first: $first) {
      edges { node { name config } }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

UPSERT_RUN = """
mutation UpsertBucket(
  $name: String!, $project: String!, $entity: String!, $sweep: String
) {
  upsertBucket(input: {
    name: $name, modelName: $project, entityName: $entity, sweep: $sweep
  }) { bucket { name } }
}
"""


@dataclass(frozen=True)
class UploadedRun:
    """A run as the server has it.

    Attributes
    ----------
    ended
        Whether the server was informed that the run has ended: a client's last message.
    steps
        The number of lines of history that it has.
    sweep
        The sweep that it belongs to; "" if none.
    """

    ended: bool
    steps: int
    sweep: str


class RemoteProject:
    """The project to which a sweep is sent.

    Parameters
    ----------
    client
        The server.
    address
        The project, and the sweep in it.
    """

    def __init__(self, client: WandbClient, address: Address) -> None:
        self._client = client
        self.address = address

    def uploaded_runs(self, runs: Iterable[RunId]) -> dict[RunId, UploadedRun]:
        """Return what the server has of these runs; unknown ones are left out.

        Raises
        ------
        RemoteError
            If the server cannot be reached.
        """
        requested, uploaded = list(runs), {}
        for start in range(0, len(requested), PAGE):
            names = requested[start : start + PAGE]
            data = self._client.execute(
                RUNS,
                project=self.address.project,
                entity=self.address.entity,
                filters=json.dumps({"name": {"$in": names}}),
                first=PAGE,
            )
            for node in _nodes((data.get("project") or {}).get("runs")):
                uploaded[RunId(node["name"])] = UploadedRun(
                    ended=node["state"] not in ("running", "pending", "crashed"),
                    steps=node["historyLineCount"] or 0,
                    sweep=node["sweepName"] or "",
                )
        return uploaded

    def register_run(self, run: RunId) -> None:
        """Create an empty run in the sweep: runs are listed in the order of these calls.

        Raises
        ------
        RemoteError
            If the server cannot be reached, or refuses.
        """
        self._client.execute(
            UPSERT_RUN,
            name=run,
            project=self.address.project,
            entity=self.address.entity,
            sweep=self.address.sweep,
        )

    def finish(self) -> None:
        """Mark the sweep as finished: it does not wait for more agents.

        Raises
        ------
        RemoteError
            If the server cannot be reached, or refuses.
        """
        address = self.address
        sweep = query_sweep(self._client, address.entity, address.project, address.sweep)
        if str(sweep["state"]).upper() not in FINAL_STATES:
            self._client.execute(
                SET_STATE,
                id=sweep["id"],
                state="FINISHED",
                entityName=address.entity,
                projectName=address.project,
            )


def sweeps_of(
    client: WandbClient, entity: str, project: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and config of each sweep of a project, which need not exist.

    Raises
    ------
    RemoteError
        If the server cannot be reached.
    """
    after = None
    while True:
        data = client.execute(SWEEPS, project=project, entity=entity, after=after, first=PAGE)
        sweeps = (data.get("project") or {}).get("sweeps") or {}
        for node in _nodes(sweeps):
            config = yaml.safe_load(node["config"] or "")
            yield node["name"], config if isinstance(config, dict) else {}
        page = sweeps.get("pageInfo") or {}
        if not page.get("hasNextPage"):
            return
        after = page["endCursor"]


def _nodes(connection: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    for edge in (connection or {}).get("edges") or []:
        yield edge["node"]
