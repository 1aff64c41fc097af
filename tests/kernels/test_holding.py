"""A failed run whose process is held, entered from a real kernel as a user does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.kernels.test_debugging import printed
from tests.waiting import wait_until
from wandb_magic.api import attach
from wandb_magic.processes import is_alive
from wandb_magic.records import RunState

Open = Callable[[], Any]
DEFINITIONS = """
%load_ext wandb_magic
import wandb

config = {"method": "grid", "parameters": {"size": {"values": [3, 4, 5]}}}

def look_up(values, index):
    generator = (value for value in values)
    return values[index]
"""
CELL = """
with wandb.init() as run:
    look_up(list(range(run.config.size)), 7)
"""


@pytest.mark.slow(20)
@pytest.mark.parametrize("ipykernel", ["newest"])
def test_a_failed_run_is_entered_in_its_own_process(open_notebook: Open) -> None:
    notebook = open_notebook()
    notebook.run(DEFINITIONS)
    notebook.run(f"%%wandb_sweep config --mode offline --hold 30 --out sweep\n{CELL}")
    id_ = notebook.run("print(sweep.id)").text.strip()
    sweep = attach(id_)
    wait_until(lambda: sweep.status().held)
    (held,) = sweep.status().held
    assert re.fullmatch(rf"run {held.number} failed, and is held until \d\d:\d\d", str(held))
    assert str(held) in notebook.run("%wandb_sweep status").text
    process = next(run.process for run in sweep.records() if run.number == held.number)
    assert process is not None

    client = notebook.client
    typed = [
        ("import os; os.getpid()", str(process.pid)),
        ("p values[:2], index", "([0, 1], 7)"),
        ("p next(generator)", "0"),  # what no file could have kept
        ("p next(generator)", "1"),
        ("up", "look_up(list(range(run.config.size)), 7)"),
        ("p run.config.size", "3"),
        ("q", ""),
    ]
    output: list[str] = []
    client.execute("%wandb_sweep debug 0")
    for line, _ in typed:
        client.get_stdin_msg(timeout=120)
        output.append(printed(client))
        client.input(line)
    output.append(printed(client, until_idle=True))
    assert "return values[index]" in output[0]
    for (line, expected), answer in zip(typed, output[1:], strict=True):
        assert expected in answer, (line, output)
    assert is_alive(process)

    # It ends at once on request, and is what it was: a failed run.
    notebook.run("%wandb_sweep stop-run 0")
    wait_until(lambda: sweep.records()[0].state.has_ended)
    assert sweep.records()[0].state is RunState.FAILED
    assert sweep.records()[0].cause == "IndexError: list index out of range"
    assert not is_alive(process)
    # So does the sweep, while another run is held.
    wait_until(lambda: sweep.status().held)
    notebook.run("%wandb_sweep stop")
    sweep.wait()
    states = [run.state for run in sweep.records()]
    assert set(states[:2]) == {RunState.FAILED}
    assert not sweep.status().held
