"""Sweeps on the server: finds, creates and changes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from wandb_magic.errors import RemoteError, SweepNotFoundError
from wandb_magic.records import is_id
from wandb_magic.spec.metrics import wandb_config
from wandb_magic.wandb_client import queries
from wandb_magic.wandb_client.account import account
from wandb_magic.wandb_client.client import WandbClient
from wandb_magic.wandb_client.links import sweep_page
from wandb_magic.wandb_client.subprocess_client import call

_NAME = re.compile(r"[\w.\- ]+")
DEFAULT_PROJECT = "uncategorized"


@dataclass(frozen=True)
class RemoteSweep:
    """A sweep on the server.

    Attributes
    ----------
    entity, project, id
        Its path.
    url
        Its page.
    config
        The sweep config; empty if it was not requested.
    state
        W&B's name of its state: ``PENDING``, ``RUNNING``, ``PAUSED``, ``FINISHED``, ``CANCELED``.
    base_url
        The server's API, if known.
    """

    entity: str
    project: str
    id: str
    url: str
    config: Mapping[str, Any] = field(default_factory=dict)
    state: str = ""
    base_url: str = ""


def is_sweep_path(text: str) -> bool:
    """Return whether a text can name a sweep on a server."""
    try:
        return bool(parse_sweep_path(text)[2])
    except SweepNotFoundError:
        return False


def parse_sweep_path(text: str) -> tuple[str, str, str]:
    """Return entity, project and id, as far as a text specifies them.

    Raises
    ------
    SweepNotFoundError
        If it is not ``id``, ``project/id``, ``entity/project/id`` or a page's address.
    """
    if "://" in text:
        parts = [unquote(part) for part in urlsplit(text).path.split("/") if part]
        if "sweeps" in parts[2:]:
            index = parts.index("sweeps", 2)
            parts = [*parts[index - 2 : index], *parts[index + 1 : index + 2]]
        else:
            parts = []
    else:
        parts = text.split("/")
    well_formed = 1 <= len(parts) <= 3 and all(_NAME.fullmatch(part) for part in parts)  # noqa: PLR2004 - entity/project/id
    if not well_formed or not is_id(parts[-1]):
        raise SweepNotFoundError(
            f"{text!r} does not name a W&B sweep: use its id, entity/project/id, or its page's "
            "address"
        )
    entity, project, sweep = [*[""] * (3 - len(parts)), *parts]
    return entity, project, sweep


def get_sweep(
    text: str, environment: Mapping[str, str], *, entity: str = "", project: str = ""
) -> RemoteSweep:
    """Return a sweep from the server.

    Parameters
    ----------
    text
        ``entity/project/id``, ``project/id``, ``id``, or the address of its page.
    environment
        The environment that determines the account and the server.
    entity, project
        Where to look if `text` does not specify it.

    Raises
    ------
    RemoteError
        If the server cannot be reached or has no such sweep.
    SweepNotFoundError
        If `text` does not name a sweep.
    """
    path_entity, path_project, sweep = parse_sweep_path(text)
    who = account(environment)
    client = WandbClient(who.base_url, who.key, who.source)
    try:
        entity = path_entity or entity or who.entity or client.entity()
        project = path_project or project or who.project or DEFAULT_PROJECT
        data = query_sweep(client, entity, project, sweep)
    finally:
        client.close()
    return RemoteSweep(
        entity,
        project,
        sweep,
        url=sweep_page(who.app_url, entity, project, sweep),
        config=yaml.safe_load(data["config"]) or {},
        state=str(data["state"]).upper(),
        base_url=who.base_url,
    )


def query_sweep(client: WandbClient, entity: str, project: str, sweep: str) -> dict[str, Any]:
    """Return the server's data of a sweep: its ``id`` there, ``state`` and ``config``.

    Raises
    ------
    RemoteError
        If the server cannot be reached or has no such sweep.
    """
    data = client.execute(queries.SWEEP, entity=entity, project=project, sweep=sweep)
    node: dict[str, Any] | None = (data.get("project") or {}).get("sweep")
    if node is None:
        raise RemoteError(
            f"W&B at {client.base_url} has no sweep {entity}/{project}/{sweep}: check its path, "
            "or whether it was deleted"
        )
    return node


def create_sweep(
    config: Mapping[str, Any],
    environment: Mapping[str, str],
    *,
    entity: str = "",
    project: str = "",
    prior_runs: Sequence[str] = (),
) -> RemoteSweep:
    """Create a sweep with ``wandb.sweep``, in a child process (takes a second or two).

    Parameters
    ----------
    config
        The sweep config; what W&B's server does not understand is left out.
    environment
        The environment that determines the account and the server.
    entity, project
        Where to create it; the account's own by default.
    prior_runs
        Ids of the project's runs that it learns from.

    Raises
    ------
    RemoteError
        If the server cannot be reached, or refuses.
    """
    response = call(
        {
            "command": "create",
            "config": wandb_config(config),
            "entity": entity,
            "project": project,
            "prior_runs": list(prior_runs),
        },
        environment,
    )
    return RemoteSweep(**response)


def set_state(client: WandbClient, entity: str, project: str, sweep: str, state: str) -> None:
    """Change a sweep's state on the server, to one of W&B's states.

    Raises
    ------
    RemoteError
        If the server cannot be reached, or refuses.
    """
    client.execute(
        queries.SET_STATE,
        id=query_sweep(client, entity, project, sweep)["id"],
        state=state,
        entityName=entity,
        projectName=project,
    )
