"""Calls a child process for what only wandb can answer: ``python -m wandb_magic.wandb_client``.

Request and response are one JSON object each, through pipes, so an API key in them is never
written to disk. What wandb prints meanwhile is discarded.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from wandb_magic.child_process import module_process
from wandb_magic.errors import RemoteError

TIMEOUT_S = 90.0


def call(request: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the child's response.

    Parameters
    ----------
    request
        The command and its arguments; see `wandb_magic.wandb_client.__main__`.
    environment
        The environment that determines the account and the server.

    Raises
    ------
    RemoteError
        With the child's message, or if it does not respond.
    """
    try:
        completed = subprocess.run(
            **module_process(
                "wandb_magic.wandb_client", environment=environment, working_dir=None
            ),
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RemoteError(
            f"W&B has not answered for {TIMEOUT_S:.0f} s: try again, or use --mode offline",
            lasting=False,
        ) from None
    try:
        response: dict[str, Any] = json.loads(completed.stdout)
    except ValueError:
        last = (completed.stderr.strip().splitlines() or ["no output"])[-1]
        raise RemoteError(f"wandb could not report its account: {last}") from None
    if "error" in response:
        raise RemoteError(response["error"], lasting=response["lasting"])
    return response
