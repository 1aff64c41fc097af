"""The real sweep and its project: what the server has of them, and what is sent besides the runs.

The sweep is created exactly once, whatever happens between request and response. The description
in its config identifies the offline sweep: a sync that was interrupted during the request searches
for a sweep with that sentence before it sends another request.

Nothing is ever deleted: a deleted run cannot be created again under the same id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from wandb_magic.errors import RemoteError
from wandb_magic.records import RunId, SweepRecord
from wandb_magic.sync.state import SyncJournal, Target
from wandb_magic.wandb_client import WandbClient, create_sweep, sweep_page
from wandb_magic.wandb_client.account import Account
from wandb_magic.wandb_client.queries import SET_STATE
from wandb_magic.wandb_client.sweeps import query_sweep
from wandb_magic.wandb_log.rewrite import Address

PAGE = 100
FINAL_STATES = frozenset({"FINISHED", "CANCELED", "CANCELLED"})
DROPPED_KEYS = frozenset({"project", "entity"})  # sent separately from the config

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


def ensure_sweep(
    progress: SyncJournal,
    sweep: SweepRecord,
    account: Account,
    client: WandbClient,
    environment: Mapping[str, str],
) -> Target:
    """Return the real sweep, creating it if necessary.

    Raises
    ------
    RemoteError
        If the server cannot be reached, rejects the key, or refuses the sweep.
    """
    target = progress.state.target
    if target.id:
        return target
    if progress.state.asked:
        marker = marker_text(sweep)
        for name, config in _sweeps_of(client, target.entity, target.project):
            if marker in str(config.get("description") or ""):
                page = sweep_page(account.app_url, target.entity, target.project, name)
                return Target(target.entity, target.project, name, page)
    progress.update(asked=True)
    try:
        created = create_sweep(
            config_of(sweep), environment, entity=target.entity, project=target.project
        )
    except RemoteError as error:
        progress.update(asked=not error.lasting)  # a refusal is also a response
        raise
    return Target(created.entity, created.project, created.id, created.url)


def marker_text(sweep: SweepRecord) -> str:
    """Return the sentence that identifies the real sweep."""
    return f"Offline sweep {sweep.id} of wandb_magic."


def config_of(sweep: SweepRecord) -> dict[str, Any]:
    """Return the config of the real sweep: the same spec, with a name and its origin."""
    config = {key: value for key, value in sweep.spec.items() if key not in DROPPED_KEYS}
    description = str(config.get("description") or "").strip()
    config["description"] = f"{description}\n{marker_text(sweep)}".strip()
    if sweep.name != sweep.id:
        config.setdefault("name", sweep.name)
    return config


def _sweeps_of(
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
