"""The child process that imports wandb: says who we are there, and creates sweeps.

It reads one question from stdin and writes one answer to stdout; see
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
    """Answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # wandb prints
    question = json.load(sys.stdin)
    try:
        answer = COMMANDS[question.pop("deed")](**question)
    except RemoteError as error:
        answer = {"error": str(error), "lasting": error.lasting}
    with answers:
        json.dump(answer, answers)


def _account() -> dict[str, Any]:
    return wandb_internals.account()


def _create(
    config: Mapping[str, Any], entity: str, project: str, prior_runs: list[str]
) -> dict[str, Any]:
    """Create a sweep with W&B's public call, once it is known that the server will listen."""
    who = wandb_internals.account()
    client = WandbClient(who["base_url"], who["key"], who["source"])
    entity = client.entity(entity or who["entity"])
    import wandb  # noqa: PLC0415 - half a second, and only after the server has answered

    try:
        with contextlib.redirect_stdout(sys.stderr):
            sweep = wandb.sweep(
                dict(config), entity=entity, project=project, prior_runs=prior_runs or None
            )
    except Exception as error:
        told = str(error) or type(error).__name__
        raise RemoteError(f"W&B refused the sweep in {entity}/{project}: {told}") from error
    return {
        "entity": entity,
        "project": project,
        "id": sweep,
        "url": sweep_page(who["app_url"], entity, project, sweep),
        "base_url": who["base_url"],
    }


COMMANDS: Mapping[str, Callable[..., dict[str, Any]]] = {"account": _account, "create": _create}


if __name__ == "__main__":
    main()
