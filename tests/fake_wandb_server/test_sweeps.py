"""Real agents of both kinds and versions on the server's sweeps."""

from __future__ import annotations

import json

import pytest

from fake_wandb_server.clients import Client, side_by_side
from fake_wandb_server.server import FakeWandbServer

CONFIG = {
    "method": "grid",
    "name": "both agents",
    "program": "train.py",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "layers": {"value": 3}},
}
BY_FUNCTION = f"""
import wandb
sweep = wandb.sweep({CONFIG}, project="digits")
def train():
    with wandb.init() as run:
        run.log({{"loss": run.config.lr}})
wandb.agent(sweep, function=train, count=1)
"""
PROGRAM = """
import wandb
with wandb.init() as run:
    run.log({"loss": run.config.lr})
"""
READ_BACK = """
import json, sys, wandb
sweep = wandb.Api().sweep("team/digits/" + sys.argv[1])
print("read", json.dumps({
    "state": sweep.state, "name": sweep.name, "config": sweep.config, "best": sweep.best_run().id,
    "runs": [run.id for run in sweep.runs], "lr": [run.config["lr"] for run in sweep.runs],
}))
"""


def agents(client: Client) -> None:
    server = client.server
    assert isinstance(server, FakeWandbServer)
    (client.folder / "train.py").write_text(PROGRAM)
    client.script(BY_FUNCTION)
    ((name, sweep),) = server.sweeps.items()
    assert (sweep.state, sweep.display_name, len(sweep.runs)) == ("RUNNING", "both agents", 1)
    server.fault("lost", "Heartbeat", times=1)  # the run that it carried must not be lost
    client.wandb("agent", f"team/digits/{name}")
    assert sweep.state == "FINISHED"
    runs = [server.runs[run] for run in sweep.runs]
    assert [run.config for run in runs] == [{"lr": 0.1, "layers": 3}, {"lr": 0.2, "layers": 3}]
    assert [run.state for run in runs] == ["finished", "finished"]
    assert [run.summary["loss"] for run in runs] == [0.1, 0.2]
    assert [server.agents[agent].runs for agent in sweep.agents] == [[run.name] for run in runs]

    output = client.script(READ_BACK.replace("sys.argv[1]", repr(name)))
    line = next(line for line in output.splitlines() if line.startswith("read "))
    assert json.loads(line.removeprefix("read ")) == {
        "state": "FINISHED",
        "name": "both agents",
        "config": CONFIG,
        "best": runs[0].name,
        "runs": sweep.runs,
        "lr": [0.1, 0.2],
    }
    assert server.refused == []


@pytest.mark.slow
def test_agents_of_both_kinds(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, agents)


STATES = f"""
import wandb
sweep = wandb.sweep({CONFIG}, project="digits")
"""


def states(client: Client) -> None:
    server = client.server
    assert isinstance(server, FakeWandbServer)
    client.script(STATES)
    ((name, sweep),) = server.sweeps.items()
    for option, state in [("--pause", "PAUSED"), ("--cancel", "CANCELED")]:
        client.wandb("sweep", option, f"team/digits/{name}")
        assert sweep.state == state
    assert server.refused == []


def test_the_command_line_sets_the_state_of_a_sweep(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, states)


ENDLESS = """
import time, wandb
run = wandb.init(project="digits", id="run")
for step in range(100_000):
    run.log({"loss": step})
    time.sleep(0.01)
"""


def stopped(client: Client) -> None:
    assert client.server is not None
    client.server.stop_run("run")  # before it begins: later, they look every half minute only
    client.script(ENDLESS, expected=None)
    run = client.server.runs["run"]
    assert (run.state, run.exit_code) == ("killed", 255)


def test_a_run_that_is_stopped_on_its_page(wandb_clients: list[Client]) -> None:
    side_by_side(wandb_clients, stopped)
