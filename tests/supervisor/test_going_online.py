"""Offline first, online later: the runs that the server has are what it learns from."""

import os
from pathlib import Path

import pytest

from fake_wandb_server.server import FakeWandbServer
from wandb_magic import start, sweep
from wandb_magic.errors import RemoteError, SweepStateError

CONFIG = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"lr": {"min": 0.1, "max": 1.0}},
}


def train() -> None:
    import wandb  # noqa: PLC0415 - in the run

    with wandb.init() as run:
        for step in range(3):
            run.log({"loss": run.config["lr"] * step})


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.full("the guide priors.md, which does the same")
def test_an_offline_sweep_goes_on_as_a_real_one(
    fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = start(CONFIG, train, count=2, name="mine", project="later").wait(90)
    assert (offline.state, offline.url) == ("finished", None)
    with pytest.raises(RemoteError):
        offline.resume(online=True, count=1)
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SweepStateError, match="has used its budget of 2 runs: pass --count"):
        offline.resume(online=True)

    online = offline.resume(online=True, count=2).wait(90)
    there = fake_wandb_server.sweeps[online.id]
    assert online.url == offline.url
    assert (online.name, online.state, online.status().sweep.mode) == (
        "mine",
        "finished",
        "online",
    )
    runs = [run.id for sweep in (offline, online) for run in sweep.records()]
    assert there.runs == runs
    assert there.state == "RUNNING"
    assert {run: len(fake_wandb_server.runs[run].history) for run in runs} == dict.fromkeys(
        runs, 3
    )
    more = offline.resume(online=True, count=1).wait(90)
    assert (more.id, more.status().ended) == (online.id, 3)
    with pytest.raises(SweepStateError, match="is already online"):
        more.resume(online=True, count=1)


def test_the_runs_that_a_new_online_sweep_learns_from(
    fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline = start(CONFIG, train, count=1, project="later").wait(90)
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SweepStateError, match="has no run at W&B: send it there with"):
        start(CONFIG, train, count=1, project="later", prior=offline)
    offline.sync().wait(60)
    with pytest.raises(SweepStateError, match="are in the project 'later'"):
        start(CONFIG, train, count=1, project="another", prior=offline.id)
    first = start(CONFIG, train, count=1, project="later", prior=offline).wait(90)
    second = start(CONFIG, train, count=1, project="later", prior=first).wait(90)
    known = [each.records()[0].id for each in (offline, first)]
    assert [fake_wandb_server.sweeps[each.id].prior_runs for each in (first, second)] == [
        [run] for run in known
    ]
    made = sweep(CONFIG, project="later", prior_runs=known)
    assert fake_wandb_server.sweeps[made].prior_runs == known
    folders = sorted(path.name for path in Path(os.environ["WANDB_DIR"], "wandb").glob("sweep-*"))
    assert {f"sweep-{each.id}" for each in (offline, first, second)} < set(folders)
    assert len(folders) == 4
