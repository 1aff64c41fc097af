"""Sweeps that were made elsewhere: by ``entity/project/id``, by their page, or by an id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from wandb_magic.errors import RemoteError, SweepNotFoundError
from wandb_magic.records import is_id
from wandb_magic.wandb_client import queries
from wandb_magic.wandb_client.account import account
from wandb_magic.wandb_client.client import WandbClient
from wandb_magic.wandb_client.links import sweep_page

_NAME = re.compile(r"[\w.\- ]+")
DEFAULT_PROJECT = "uncategorized"


@dataclass(frozen=True)
class RemoteSweep:
    """A sweep at the server.

    Attributes
    ----------
    entity, project, id
        Its path.
    url
        Its page.
    config
        The sweep config, empty if that was not asked for.
    state
        W&B's word for its state: ``PENDING``, ``RUNNING``, ``PAUSED``, ``FINISHED``, ``CANCELED``.
    base_url
        The server's API, where it is known.
    """

    entity: str
    project: str
    id: str
    url: str
    config: Mapping[str, Any] = field(default_factory=dict)
    state: str = ""
    base_url: str = ""


def is_sweep_path(text: str) -> bool:
    """Tell whether a text can name a sweep at a server."""
    try:
        return bool(parse_sweep_path(text)[2])
    except SweepNotFoundError:
        return False


def parse_sweep_path(text: str) -> tuple[str, str, str]:
    """Return entity, project and id, as far as a text says them.

    Raises
    ------
    SweepNotFoundError
        If it is none of ``id``, ``project/id``, ``entity/project/id`` or a page's address.
    """
    if "://" in text:
        parts = [unquote(part) for part in urlsplit(text).path.split("/") if part]
        if "sweeps" in parts[2:]:
            at = parts.index("sweeps", 2)
            parts = [*parts[at - 2 : at], *parts[at + 1 : at + 2]]
        else:
            parts = []
    else:
        parts = text.split("/")
    well_formed = 1 <= len(parts) <= 3 and all(_NAME.fullmatch(part) for part in parts)  # noqa: PLR2004 - entity/project/id
    if not well_formed or not is_id(parts[-1]):
        raise SweepNotFoundError(
            f"{text!r} names no sweep at W&B: use its id, entity/project/id, or its page's address"
        )
    entity, project, sweep = [*[""] * (3 - len(parts)), *parts]
    return entity, project, sweep


def get_sweep(
    text: str, environment: Mapping[str, str], *, entity: str = "", project: str = ""
) -> RemoteSweep:
    """Return a sweep of the server.

    Parameters
    ----------
    text
        ``entity/project/id``, ``project/id``, ``id``, or the address of its page.
    environment
        What decides the account and the server.
    entity, project
        Where to look if `text` does not say it.

    Raises
    ------
    RemoteError
        If the server cannot be reached or has no such sweep.
    SweepNotFoundError
        If `text` names none.
    """
    given_entity, given_project, sweep = parse_sweep_path(text)
    who = account(environment)
    client = WandbClient(who.base_url, who.key, who.source)
    try:
        entity = given_entity or entity or who.entity or client.entity()
        project = given_project or project or who.project or DEFAULT_PROJECT
        found = query_sweep(client, entity, project, sweep)
    finally:
        client.close()
    return RemoteSweep(
        entity,
        project,
        sweep,
        url=sweep_page(who.app_url, entity, project, sweep),
        config=yaml.safe_load(found["config"]) or {},
        state=str(found["state"]).upper(),
        base_url=who.base_url,
    )


def query_sweep(client: WandbClient, entity: str, project: str, sweep: str) -> dict[str, Any]:
    """Return what the server says of a sweep: its ``id`` there, ``state`` and ``config``.

    Raises
    ------
    RemoteError
        If the server cannot be reached or has no such sweep.
    """
    data = client.execute(queries.SWEEP, entity=entity, project=project, sweep=sweep)
    found: dict[str, Any] | None = (data.get("project") or {}).get("sweep")
    if found is None:
        raise RemoteError(
            f"W&B at {client.base_url} has no sweep {entity}/{project}/{sweep}: check its path, "
            "or whether it was deleted"
        )
    return found


def set_state(client: WandbClient, entity: str, project: str, sweep: str, state: str) -> None:
    """Change a sweep's state at the server, to one of W&B's words.

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
