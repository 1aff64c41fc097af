"""Asking a child process what only wandb knows: ``python -m wandb_magic.wandb_client``.

Question and answer are one JSON object each, through pipes: an API key that is among them never
lies on a disk. What wandb prints meanwhile goes nowhere.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from wandb_magic.child_process import module_process
from wandb_magic.errors import RemoteError

TIMEOUT_S = 90.0


def call(question: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the child's answer.

    Parameters
    ----------
    question
        The deed and its arguments; see `wandb_magic.wandb_client.__main__`.
    environment
        What decides who asks, and whom.

    Raises
    ------
    RemoteError
        With the child's sentence, or if it gives no answer.
    """
    try:
        done = subprocess.run(
            **module_process(
                "wandb_magic.wandb_client", environment=environment, working_dir=None
            ),
            input=json.dumps(question),
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
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise RemoteError(f"wandb cannot be asked for its account: {last}") from None
    if "error" in answer:
        raise RemoteError(answer["error"], lasting=answer["lasting"])
    return answer
