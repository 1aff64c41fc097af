"""The server's commands to agents, requested as agents do, without a client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_wandb_server.messages import Request
from fake_wandb_server.server import FakeWandbServer

GRID = {
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"values": [0.1, 0.2]}, "layers": {"value": 3}},
}


class AgentClient:
    """Asks the server's GraphQL directly, as an agent does."""

    def __init__(self, server: FakeWandbServer) -> None:
        self.server = server

    def __call__(self, operation: str, selection: str, **given: Any) -> Any:
        query = f"mutation M($input: X!) {{ {operation}(input: $input) {{ {selection} }} }}"
        body = json.dumps({"query": query, "variables": {"input": given}}).encode()
        response = self.server.application.answer(Request("POST", "/graphql", body), trusted=True)
        answer = json.loads(response.body)
        return (
            answer["data"][operation] if response.status == 200 else answer["errors"][0]["message"]
        )

    def sweep(self, **config: Any) -> str:
        text = json.dumps({**GRID, **config})
        answer = self("upsertSweep", "sweep { name }", projectName="digits", config=text)
        return str(answer["sweep"]["name"])

    def agent(self, sweep: str) -> str:
        answer = self("createAgent", "agent { id }", host="h", projectName="digits", sweep=sweep)
        return str(answer["agent"]["id"])

    def beat(self, agent: str, *going: str) -> Any:
        state = json.dumps(dict.fromkeys(going, True))
        answer = self("agentHeartbeat", "commands", id=agent, metrics="{}", runState=state)
        return json.loads(answer["commands"])

    def log(self, run: str, sweep: str) -> None:
        self("upsertBucket", "inserted", name=run, modelName="digits", sweep=sweep)

    def end(self, run: str) -> None:
        body = json.dumps({"complete": True, "exitcode": 0}).encode()
        path = f"/files/team/digits/{run}/file_stream"
        self.server.application.answer(Request("POST", path, body), trusted=True)


@pytest.fixture
def ask(fake_wandb_server: FakeWandbServer) -> AgentClient:
    return AgentClient(fake_wandb_server)


def test_a_grid_goes_through_its_values_and_finishes(
    fake_wandb_server: FakeWandbServer, ask: AgentClient
) -> None:
    name = ask.sweep()
    agent = ask.agent(name)
    (first,) = ask.beat(agent)
    assert first["args"] == {"lr": {"value": 0.1}, "layers": {"value": 3}}
    ask.log(first["run_id"], name)
    assert ask.beat(agent, first["run_id"]) == []
    ask.end(first["run_id"])
    (second,) = ask.beat(agent)
    assert second["args"]["lr"] == {"value": 0.2}
    ask.log(second["run_id"], name)
    ask.end(second["run_id"])
    assert ask.beat(agent) == [{"type": "exit"}]
    assert fake_wandb_server.sweeps[name].state == "FINISHED"


def test_a_run_whose_answer_was_lost_is_given_again(ask: AgentClient) -> None:
    agent = ask.agent(ask.sweep())
    assert ask.beat(agent) == ask.beat(agent)


def test_run_cap(ask: AgentClient) -> None:
    name = ask.sweep(run_cap=1)
    agent = ask.agent(name)
    (run,) = ask.beat(agent)
    ask.log(run["run_id"], name)
    ask.end(run["run_id"])
    assert ask.beat(agent) == [{"type": "exit"}]


def test_the_page_pauses_resumes_finishes_and_cancels(
    fake_wandb_server: FakeWandbServer, ask: AgentClient
) -> None:
    name = ask.sweep(method="random", parameters={"lr": {"min": 0.0, "max": 1.0}})
    first, second = ask.agent(name), ask.agent(name)
    fake_wandb_server.pause_sweep(name)
    assert ask.beat(first) == []
    fake_wandb_server.resume_sweep(name)
    (run,) = ask.beat(first)
    ask.log(run["run_id"], name)
    fake_wandb_server.finish_sweep(name)
    assert ask.beat(second) == [{"type": "exit"}]
    assert ask.beat(first, run["run_id"]) == []
    fake_wandb_server.cancel_sweep(name)
    assert ask.beat(first, run["run_id"]) == [{"type": "stop", "run_id": run["run_id"]}]
    assert ask.beat(first) == [{"type": "exit"}]


def test_a_test_chooses_parameters_and_commands(
    fake_wandb_server: FakeWandbServer, ask: AgentClient
) -> None:
    name = ask.sweep()
    agent = ask.agent(name)
    fake_wandb_server.queue(name, {"lr": 7})
    (run,) = ask.beat(agent)
    assert run["args"] == {"lr": {"value": 7}}
    fake_wandb_server.command(name, {"type": "resume", "run_id": "old", "args": {}})
    assert ask.beat(agent) == [{"type": "resume", "run_id": "old", "args": {}}]
    fake_wandb_server.stop_run(run["run_id"])
    assert ask.beat(agent, run["run_id"]) == [{"type": "stop", "run_id": run["run_id"]}]


def test_what_is_not_there_is_said_as_the_real_server_says_it(
    fake_wandb_server: FakeWandbServer, ask: AgentClient
) -> None:
    assert ask("createAgent", "agent { id }", host="h", projectName="digits", sweep="none") == (
        "could not find sweep team/digits/none during createAgent"
    )
    answer = ask("upsertSweep", "sweep { name }", entityName="them", config=json.dumps(GRID))
    assert answer == "entity them not found during upsertSweep"
    name = ask.sweep()
    agent = ask.agent(name)
    fake_wandb_server.delete_sweep(name)
    with pytest.raises(TypeError):
        ask.beat(agent)
