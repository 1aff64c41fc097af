"""Sweeps that were created elsewhere, with runs from here."""

import json
import os
from pathlib import Path

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic import agent, attach
from wandb_magic.errors import RemoteError, SpecError, SweepNotFoundError, SweepStateError
from wandb_magic.slots.devices import DEVICES_ENV
from wandb_magic.wandb_client import RemoteSweep, create_sweep

PROGRAM = """
import sys
import wandb
with wandb.init() as run:
    print("the program:", sys.argv[1])
    run.log({"loss": run.config["lr"]})
"""
CONFIG = {
    "method": "of another version",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.1, "max": 1.0}},
    "early_terminate": {"type": "hyperband", "min_iter": 3},
}


def train() -> None:
    import wandb  # noqa: PLC0415 - in the run

    with wandb.init() as run:
        print("the function")  # noqa: T201 - the run's output
        run.log({"loss": run.config["lr"]})


@pytest.fixture
def server(
    fake_wandb_server: FakeWandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeWandbServer:
    for name, value in {**fake_wandb_server.environment, "WANDB_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return fake_wandb_server


def made(**more: object) -> RemoteSweep:
    return create_sweep({**CONFIG, **more}, os.environ, project="elsewhere")


def test_a_program_then_a_function_serve_one_sweep(
    server: FakeWandbServer, tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(PROGRAM, "utf-8")
    there = made(program="train.py", command=["${env}", "${interpreter}", "${program}", "${args}"])
    sweep = attach(there.url, count=1).wait(90)
    assert (sweep.id, sweep.url, sweep.state) == (there.id, there.url, "finished")
    assert "the program: --lr=" in sweep.logs(0)
    assert "not fully supported" in " ".join(sweep.status().sweep.notices)

    again = agent(there.id, function=train, project="elsewhere", count=2).wait(90)
    assert again.path == sweep.path
    assert ["the function" in again.logs(number) for number in range(3)] == [False, True, True]
    page = f"{there.url.removesuffix(f'/sweeps/{there.id}')}/runs/{again.records()[0].id}"
    assert again.url_of(0) == page
    runs = server.runs
    assert list(runs) == [run.id for run in again.records()]
    assert {run.state for run in runs.values()} == {"finished"}
    with pytest.raises(SweepStateError, match=f"^gpus_per_run, launcher: sweep {there.id} is on"):
        agent(there.id, train, gpus_per_run=1.0, launcher="dask://127.0.0.1:1")
    # The sweep is not ours to end.
    assert server.sweeps[there.id].state == "RUNNING"
    endless = agent(there.id, train)  # until W&B ends it
    assert endless.status().sweep.budget is None
    endless.stop()
    assert server.sweeps[there.id].state == "RUNNING"


def test_without_a_key_nobody_can_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    with pytest.raises(SweepNotFoundError, match="'team/elsewhere/00000000' here, and W&B finds"):
        agent("team/elsewhere/00000000", train)


def test_what_cannot_be_served_is_said_in_a_sentence(server: FakeWandbServer) -> None:
    there = made()
    with pytest.raises(SpecError, match="nothing to run"):
        attach(f"team/elsewhere/{there.id}")
    with pytest.raises(RemoteError, match="has no sweep team/elsewhere/00000000"):
        attach("team/elsewhere/00000000", train)
    with pytest.raises(SweepNotFoundError, match="there is no sweep 'no such name'"):
        attach("no such name")
    server.reject_keys()
    with pytest.raises(RemoteError, match="rejects the API key from WANDB_API_KEY"):
        attach(there.url, train)
    server.close()
    with pytest.raises(RemoteError, match="cannot be reached: it refuses the connection"):
        attach(there.url, train)
    assert not list(Path().glob("wandb/sweep-*"))


def test_runs_of_a_sweep_from_elsewhere_get_gpus(
    server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = {"id": "GPU-7", "index": 7, "name": "A100", "memory": 2**34}
    monkeypatch.setenv(DEVICES_ENV, json.dumps([gpu]))

    def report() -> None:
        import wandb  # noqa: PLC0415 - in the run

        with wandb.init() as run:
            run.log({"loss": 1.0})
            print("GPU", os.environ["CUDA_VISIBLE_DEVICES"])  # noqa: T201 - the run's output

    sweep = attach(made().url, report, count=1, gpus_per_run=1)
    assert "GPU 7" in sweep.wait(90).logs(0)
    agent(sweep.id, report, count=1, gpus_per_run=1).wait(90)
    assert "GPU 7" in sweep.logs(1)
    assert len(server.runs) == 2
