"""Real kernels, each with its own ipykernel: a sweep leaves them as they were, and outlives them.

What the front end does is done here by a client of the kernel.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import wandb_magic
from tests.kernels.conftest import IPYKERNELS
from waiting import wait_until
from wandb_magic.records import RunState

BROKEN = ("7.0.1",)  # where `wandb.agent(function=…)` fails
PATIENCE_S = 120
VISIBLE = ("stream", "display_data", "execute_result", "error", "clear_output")

Message = dict[str, Any]
Notebook = Any  # the one of conftest.py, which cannot be imported
Open = Callable[[], Notebook]

DEFINITIONS = """
%load_ext wandb_magic
import ipywidgets
from comm import create_comm
from IPython.display import display

GATE = {gate!r}
config = {{
    "method": "grid",
    "metric": {{"name": "loss", "goal": "minimize"}},
    "parameters": {{"lr": {{"values": [0.25, 0.5, 0.75]}}}},
}}

def train():
    import os, time
    import wandb
    with wandb.init(mode="offline") as run:
        run.log({{"loss": run.config.lr}})
        while not os.path.exists(GATE):
            time.sleep(0.05)
        print("trained with", run.config.lr)
"""
SWEEP = """
%%wandb_sweep config --count 3 --agents 2 --name trial --out sweep
train()
"""
# What a cell can tell of its kernel; threads and modules are the kernel's own, shown as JSON.
PROBE = """
import asyncio, json, sys, threading
from IPython import get_ipython

def parent():
    return get_ipython().get_parent()["header"]["msg_id"]

async def parent_in_task():
    return parent()

print(json.dumps({
    "parent": parent(),
    "parent_in_task": await asyncio.create_task(parent_in_task()),
    "threads": sorted(thread.name for thread in threading.enumerate()),
    "wandb": [name for name in sys.modules if name.split(".")[0] == "wandb"],
}))
"""
SHOWS = """
display("shown")
comm = create_comm(target_name="target", data={"opened": True})
comm.send({"sent": True})
slider = ipywidgets.IntSlider()
display(slider)
slider.value = 5
"""
WAITS = """
import asyncio, os
print("first")
while not os.path.exists("seen"):
    await asyncio.sleep(0.05)
print("last")
"""
AGENT = """
import os
os.environ.update(WANDB_BASE_URL={url!r}, WANDB_API_KEY="0" * 40)
import wandb
wandb.agent("me/project/sweep000", function=train, count=1)
"""


def in_full(*arguments: str) -> pytest.MarkDecorator:
    """Leave some of the ipykernels to `--full`; the last argument says which remain."""
    *left, instead = arguments
    versions = [
        pytest.param(each, marks=pytest.mark.full(instead)) if each in left else each
        for each in IPYKERNELS
    ]
    return pytest.mark.parametrize("ipykernel", versions, indirect=True)


def shows_progress(message: Message) -> bool:
    """Tell whether a message changes the widget in which a running sweep is shown."""
    state = message["content"].get("data", {}).get("state", {})
    return message["msg_type"] == "comm_msg" and "0/3" in str(state.get("value"))


def shows_end(message: Message) -> bool:
    """Tell whether a message replaces the live view of the sweep by its end."""
    updates = message["msg_type"] == "update_display_data"
    return updates and "finished 3/3" in message["content"]["data"]["text/plain"]


def works_as_before(notebook: Notebook, before: Message) -> None:
    """Hold the kernel against what it was, and use all that a sweep might have broken."""
    probed = notebook.run(PROBE)
    now = json.loads(probed.text)
    assert now["parent"] == now["parent_in_task"] == probed.id
    assert now["wandb"] == []
    assert now["threads"] == before["threads"]

    reply = notebook.run(SHOWS)
    shown, slider = reply.of(*VISIBLE)
    assert shown["content"]["data"]["text/plain"] == "'shown'"
    model = slider["content"]["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    sent = [message["content"]["data"] for message in reply.of("comm_open", "comm_msg")]
    assert {"opened": True} in sent
    assert {"sent": True} in sent
    assert any(data.get("method") == "update" and data["state"] == {"value": 5} for data in sent)

    moved = {"method": "update", "state": {"value": 9}, "buffer_paths": []}
    notebook.send("comm_msg", {"comm_id": model, "data": moved})
    assert notebook.run("print(slider.value)").text == "9\n"


@pytest.mark.slow
@in_full("6.31", "the broken ipykernel and the newest")
def test_a_sweep_leaves_the_kernel_as_it_was(
    ipykernel: str, open_notebook: Open, gate: Path, agent_server: str
) -> None:
    notebook = open_notebook()
    notebook.run(DEFINITIONS.format(gate=str(gate)))
    notebook.run(SHOWS)
    before = json.loads(notebook.run(PROBE).text)
    works_as_before(notebook, before)

    notebook.run(SWEEP)
    (sweep,) = wandb_magic.sweeps()
    works_as_before(notebook, before)
    wait_until(lambda: sweep.status().running == 2)
    works_as_before(notebook, before)
    notebook.hear(shows_progress)

    gate.touch()
    notebook.hear(shows_end)
    sweep.wait(PATIENCE_S)
    works_as_before(notebook, before)
    assert sweep.state == "finished"
    assert [run.state for run in sweep.records()] == [RunState.FINISHED] * 3

    said = notebook.run(AGENT.format(url=agent_server)).text
    failed = "LookupError" in said and "shell_parent" in said
    assert failed == (ipykernel in BROKEN), said
    assert ("trained with 0.5" in said) == (not failed)


@pytest.mark.slow
@in_full("6.31", "7.0.1", "the newest ipykernel")
def test_a_view_shows_nothing_in_the_cell_that_runs(open_notebook: Open, gate: Path) -> None:
    notebook = open_notebook()
    notebook.run(DEFINITIONS.format(gate=str(gate)))
    notebook.run(SWEEP)

    cell = notebook.client.execute(WAITS)
    gate.touch()
    heard = notebook.hear(shows_end)
    Path("seen").touch()
    notebook.client.get_shell_msg(timeout=PATIENCE_S)
    heard += notebook.hear(lambda message: message["content"].get("execution_state") == "idle")

    own = [message for message in heard if message["parent_header"].get("msg_id") == cell]
    visible = [message for message in own if message["msg_type"] in VISIBLE]
    assert "".join(message["content"]["text"] for message in visible) == "first\nlast\n"


@pytest.mark.slow
@in_full("7.0.1", "newest", "the oldest ipykernel")
def test_a_sweep_outlives_its_kernel(open_notebook: Open, gate: Path) -> None:
    notebook = open_notebook()
    notebook.run(DEFINITIONS.format(gate=str(gate)))
    notebook.run(SWEEP)
    (sweep,) = wandb_magic.sweeps()
    wait_until(lambda: sweep.status().running == 2)
    supervisor = sweep.status().sweep.supervisor
    runs = [run.process for run in sweep.records()]

    def goes_on() -> bool:
        status, now = sweep.status(), [run.process for run in sweep.records()]
        return status.state == "running" and status.sweep.supervisor == supervisor and now == runs

    notebook.client.execute("import time; print('asleep', flush=True); time.sleep(600)")
    notebook.hear(lambda message: message["content"].get("text", "").startswith("asleep"))
    notebook.manager.interrupt_kernel()
    interrupted = notebook.client.get_shell_msg(timeout=PATIENCE_S)
    assert interrupted["content"]["ename"] == "KeyboardInterrupt"
    assert goes_on()
    notebook.restart()
    assert goes_on()
    notebook.kill()
    assert goes_on()

    notebook = open_notebook()
    notebook.run("%load_ext wandb_magic")
    assert "trial" in notebook.run("%wandb_sweep status").text
    gate.touch()
    notebook.run(f"import wandb_magic; wandb_magic.attach({sweep.id!r}).wait({PATIENCE_S})")
    assert "3/3" in notebook.run("%wandb_sweep status").text
    assert "trained with 0.75\n" in notebook.run("%wandb_sweep logs trial 2").text
    assert [run.state for run in sweep.records()] == [RunState.FINISHED] * 3
