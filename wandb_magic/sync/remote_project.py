"""What the server has of a sweep, and the little that is told to it beside W&B's own commands.

It never deletes: a run that was deleted cannot be created again under the same id.
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
    """What the server has of a run.

    Attributes
    ----------
    ended
        Whether it was told that the run has ended: the last that a client says.
    steps
        How many lines of history it has.
    sweep
        The sweep in which it is, "" if in none.
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
        """Return what the server has of these runs; those that it does not know are left out.

        Raises
        ------
        RemoteError
            If the server cannot be reached.
        """
        wanted, found = list(runs), {}
        for begin in range(0, len(wanted), PAGE):
            names = wanted[begin : begin + PAGE]
            data = self._client.execute(
                RUNS,
                project=self.address.project,
                entity=self.address.entity,
                filters=json.dumps({"name": {"$in": names}}),
                first=PAGE,
            )
            for node in _nodes((data.get("project") or {}).get("runs")):
                found[RunId(node["name"])] = UploadedRun(
                    ended=node["state"] not in ("running", "pending", "crashed"),
                    steps=node["historyLineCount"] or 0,
                    sweep=node["sweepName"] or "",
                )
        return found

    def register_run(self, run: RunId) -> None:
        """Create a run in the sweep, still empty: runs lie there in the order of these calls.

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
        """Say that the sweep is over: no agent will be waited for.

        Raises
        ------
        RemoteError
            If the server cannot be reached, or refuses.
        """
        address = self.address
        found = query_sweep(self._client, address.entity, address.project, address.sweep)
        if str(found["state"]).upper() not in FINAL_STATES:
            self._client.execute(
                SET_STATE,
                id=found["id"],
                state="FINISHED",
                entityName=address.entity,
                projectName=address.project,
            )


def sweeps_of(
    client: WandbClient, entity: str, project: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield id and config of each sweep of a project, which need not exist.

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
