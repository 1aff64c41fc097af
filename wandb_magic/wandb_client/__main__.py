"""The child process that imports wandb: reports the account, and creates sweeps.

It reads one request from stdin and writes one response to stdout; see
`wandb_magic.wandb_client.subprocess_client`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import wandb_internals
from wandb_magic.wandb_client.client import WandbClient
from wandb_magic.wandb_client.links import sweep_page


def main() -> None:
    """Answer one request."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # wandb prints
    request = json.load(sys.stdin)
    try:
        response = COMMANDS[request.pop("command")](**request)
    except RemoteError as error:
        response = {"error": str(error), "lasting": error.lasting}
    with stream:
        json.dump(response, stream)


def _account() -> dict[str, Any]:
    return wandb_internals.account()


def _create(
    config: Mapping[str, Any], entity: str, project: str, prior_runs: list[str]
) -> dict[str, Any]:
    """Create a sweep with W&B's public call, after checking that the server accepts requests."""
    found_account = wandb_internals.account()
    client = WandbClient(found_account["base_url"], found_account["key"], found_account["source"])
    entity = client.entity(entity or found_account["entity"])
    import wandb  # noqa: PLC0415 - half a second, and only after the server has answered

    try:
        with contextlib.redirect_stdout(sys.stderr):
            sweep = wandb.sweep(
                dict(config), entity=entity, project=project, prior_runs=prior_runs or None
            )
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise RemoteError(f"W&B refused the sweep in {entity}/{project}: {reason}") from error
    return {
        "entity": entity,
        "project": project,
        "id": sweep,
        "url": sweep_page(found_account["app_url"], entity, project, sweep),
        "base_url": found_account["base_url"],
    }


COMMANDS: Mapping[str, Callable[..., dict[str, Any]]] = {"account": _account, "create": _create}


if __name__ == "__main__":
    main()
