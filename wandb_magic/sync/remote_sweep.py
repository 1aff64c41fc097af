"""Creates the real sweep exactly once, whatever happens between request and response.

The description in its config identifies the offline sweep; a sync that was interrupted during the
request searches for a sweep with that sentence before it sends another request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wandb_magic.errors import RemoteError
from wandb_magic.records import SweepRecord
from wandb_magic.sync.remote_project import sweeps_of
from wandb_magic.sync.state import SyncJournal, Target
from wandb_magic.wandb_client import WandbClient, create_sweep, sweep_page
from wandb_magic.wandb_client.account import Account

DROPPED_KEYS = frozenset({"project", "entity"})  # sent separately from the config


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
        for name, config in sweeps_of(client, target.entity, target.project):
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
