"""The child process that imports wandb: says who we are there, and creates sweeps.

It reads one question from stdin and writes one answer to stdout; see `wandb_magic.remote.child`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from wandb_magic.errors import RemoteError
from wandb_magic.remote import insides
from wandb_magic.remote.client import Client
from wandb_magic.remote.links import sweep_page


def main() -> None:
    """Answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # wandb prints
    question = json.load(sys.stdin)
    try:
        answer = DEEDS[question.pop("deed")](**question)
    except RemoteError as error:
        answer = {"error": str(error), "lasting": error.lasting}
    with answers:
        json.dump(answer, answers)


def _account() -> dict[str, Any]:
    return insides.account()


def _create(
    config: Mapping[str, Any], entity: str, project: str, prior_runs: list[str]
) -> dict[str, Any]:
    """Create a sweep with W&B's public call, once it is known that the server will listen."""
    who = insides.account()
    client = Client(who["base_url"], who["key"], who["source"])
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


DEEDS: Mapping[str, Callable[..., dict[str, Any]]] = {"account": _account, "create": _create}


if __name__ == "__main__":
    main()
