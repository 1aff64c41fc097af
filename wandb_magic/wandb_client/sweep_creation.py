"""Creates a sweep on the server with W&B's public call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wandb_magic.wandb_client.subprocess_client import call
from wandb_magic.wandb_client.sweeps import RemoteSweep


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
        The sweep config.
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
            "deed": "create",
            "config": config,
            "entity": entity,
            "project": project,
            "prior_runs": list(prior_runs),
        },
        environment,
    )
    return RemoteSweep(**response)
