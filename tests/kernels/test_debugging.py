"""A failed run in the debugger of a real kernel, as a user types in it."""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_client import BlockingKernelClient

Open = Callable[[], Any]
DEFINITIONS = """
%load_ext wandb_magic
import numpy as np
import wandb

config = {"method": "grid", "parameters": {"size": {"values": [3]}}}
untouched = "of the kernel"

class Holder:
    def __init__(self, values):
        self.values = values

def look_up(holder, index):
    untouched = holder.values * 2
    return untouched[index]
"""
CELL = """
with wandb.init() as run:
    holder = Holder(np.arange(run.config.size))
    look_up(holder, 7)
"""
TYPED = [
    ("p untouched, index", "(array([0, 2, 4]), 7)"),
    ("p holder.values.sum()", "3"),
    ("up", "look_up(holder, 7)"),
    ("p config.size, run.config.size", "(3, 3)"),
    ("p look_up(holder, 1)", "2"),
    ("down", "return untouched[index]"),
    ("q", ""),
]


@pytest.mark.slow(20)
@pytest.mark.parametrize(
    "ipykernel", [pytest.param("6.31", marks=pytest.mark.full("the newest ipykernel")), "newest"]
)
def test_the_debugger_opens_where_a_run_failed(open_notebook: Open) -> None:
    notebook = open_notebook()
    notebook.run(DEFINITIONS)
    notebook.run(f"%%wandb_sweep config --mode offline --wait\n{CELL}")
    client = notebook.client
    output: list[str] = []
    client.execute("%wandb_sweep debug 0")
    for typed, _ in TYPED:
        client.get_stdin_msg(timeout=120)
        output.append(printed(client))
        client.input(typed)
    output.append(printed(client, until_idle=True))
    assert "look_up" in output[0]
    assert "IndexError: index 7 is out of bounds" in output[0]
    assert "return untouched[index]" in output[0]
    for (typed, expected), answer in zip(TYPED, output[1:], strict=True):
        assert expected in answer, typed
    # The kernel's own variables are as they were.
    assert notebook.run("print(untouched, 'holder' in dir())").text == "of the kernel False\n"
    assert "has not ended" not in notebook.run("%wandb_sweep failure 0").text


def printed(client: BlockingKernelClient, *, until_idle: bool = False) -> str:
    """Return what the cell has printed since the last call, without colours."""
    texts, deadline = [], time.monotonic() + (120 if until_idle else 0.5)
    while time.monotonic() < deadline:
        try:
            message = client.get_iopub_msg(timeout=0.2)
        except queue.Empty:
            continue
        if message["msg_type"] == "stream":
            texts.append(message["content"]["text"])
        if until_idle and message["content"].get("execution_state") == "idle":
            break
    return re.sub(r"\x1b\[[0-9;]*m", "", "".join(texts))
