"""The real sweep: made once, whatever happens between the question and the answer.

The description of its config says which offline sweep it is; a sync that was interrupted while it
asked for the sweep looks for one with that sentence before it asks again.
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

DROPPED_KEYS = frozenset({"project", "entity"})  # they go beside the config


def marker_text(sweep: SweepRecord) -> str:
    """Return the sentence by which the real sweep is known again."""
    return f"Offline sweep {sweep.id} of wandb_magic."


def config_of(sweep: SweepRecord) -> dict[str, Any]:
    """Return the config of the real sweep: the same spec, with a name and where it is from."""
    config = {key: value for key, value in sweep.spec.items() if key not in DROPPED_KEYS}
    described = str(config.get("description") or "").strip()
    config["description"] = f"{described}\n{marker_text(sweep)}".strip()
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
    """Return the real sweep, and see to it that it exists.

    Raises
    ------
    RemoteError
        If the server cannot be reached, rejects the key, or refuses the sweep.
    """
    target = progress.state.target
    if target.id:
        return target
    if progress.state.asked:
        mark = marker_text(sweep)
        for name, config in sweeps_of(client, target.entity, target.project):
            if mark in str(config.get("description") or ""):
                page = sweep_page(account.app_url, target.entity, target.project, name)
                return Target(target.entity, target.project, name, page)
    progress.update(asked=True)
    try:
        made = create_sweep(
            config_of(sweep), environment, entity=target.entity, project=target.project
        )
    except RemoteError as error:
        progress.update(asked=not error.lasting)  # a refusal is an answer, too
        raise
    return Target(made.entity, made.project, made.id, made.url)
