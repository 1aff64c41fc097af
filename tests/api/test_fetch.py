"""Sweeps of the server that never ran here, as copies: with unmodified clients on both sides."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wandb_magic
from fake_wandb_server.clients import PYTHONS
from fake_wandb_server.server import FakeWandbServer
from waiting import wait_until
from wandb_magic import attach, fetch
from wandb_magic.api import Sweep
from wandb_magic.errors import RemoteError, SweepNotFoundError, SweepStateError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId
from wandb_magic.server.serializers import sweep_detail
from wandb_magic.wandb_client import RemoteSweep, create_sweep

ROOT = Path(__file__).parents[2]
CONFIG = {
    "name": "made elsewhere",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"min": 0.1, "max": 1.0},
        "net": {"parameters": {"depth": {"values": [1, 2]}}},
    },
}
# A client elsewhere: each line that it hears is a run's id, and what the run is to do.
ELSEWHERE = """
import os, sys, time, wandb
run = None
for line in sys.stdin:
    do, *words = line.split()
    if do == "begin":
        os.environ["WANDB_RUN_ID"] = words[0]
        wandb.teardown()  # it reads its variables again then
        run = wandb.init(tags=["one"], notes="a note",
            name="name of " + words[0], group="both",
            config={"lr": float(words[1]), "net": {"depth": 2}, "other": [1, 2]},
            settings=wandb.Settings(x_stats_sampling_interval=0.5))
    elif do == "log":
        for step in range(int(words[0])):
            deep = {"er": step, "nan": float("nan")}
            loss = run.config["lr"] + 1 / (1 + step)
            run.log({"loss": loss, "deep": deep, "page": "some words"})
    elif do == "wait":
        time.sleep(1.5)
    elif do == "end":
        run.finish(exit_code=int(words[0]))
    print("done", flush=True)
"""

Elsewhere = Callable[..., None]


@pytest.fixture
def server(
    fake_wandb_server: FakeWandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeWandbServer:
    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path / "here"))
    return fake_wandb_server


@pytest.fixture
def there(server: FakeWandbServer) -> RemoteSweep:
    assert server.url
    return create_sweep(CONFIG, os.environ, project="elsewhere")


@pytest.fixture
def elsewhere(server: FakeWandbServer, there: RemoteSweep, tmp_path: Path) -> Iterator[Elsewhere]:
    """Tell the client on another machine what to do, and wait until it has."""
    (tmp_path / "there").mkdir()
    environment = {
        **os.environ,
        **server.environment,
        "WANDB_DIR": str(tmp_path / "there"),
        "WANDB_SWEEP_ID": there.id,
        "WANDB_PROJECT": "elsewhere",
    }
    with (tmp_path / "there" / "stderr").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", ELSEWHERE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            env=environment,
            cwd=tmp_path / "there",
        )
    assert process.stdin is not None
    assert process.stdout is not None
    sent, heard = process.stdin, process.stdout

    def tell(*lines: str) -> None:
        for line in lines:
            sent.write(f"{line}\n")
            sent.flush()
            while (answer := heard.readline()) and answer != "done\n":
                pass
            assert answer, (tmp_path / "there" / "stderr").read_text()

    yield tell
    sent.close()
    process.wait(60)
    heard.close()


def everything(copy: Sweep, run: RunId) -> dict[str, int]:
    """Return how many points there are of each key, system metrics among them."""
    curves = {
        **copy._reader.history(runs=[run], points=None)[run],
        **copy._reader.system(runs=[run], points=None)[run],
    }
    return {key: len(curve.steps) for key, curve in curves.items()}


def has_everything(copy: Sweep, there: RemoteSweep) -> None:
    assert (copy.id, copy.name, copy.url) == (there.id, "made elsewhere", there.url)
    first, second, third = copy.records()
    assert [run.id for run in (first, second, third)] == ["aaaaaaaa", "bbbbbbbb", "cccccccc"]
    assert [run.state.value for run in copy.records()] == ["finished", "failed", "running"]
    assert first.params == {"lr": 0.5, "net": {"depth": 2}}
    assert first.value == pytest.approx(0.5 + 1 / 30)
    assert second.cause.startswith("failed at W&B: see http")
    assert first.started is not None
    assert first.ended is not None
    assert first.ended >= first.started > time.time() - 600
    curves = copy._reader.history(points=None, times=True)
    loss = curves[first.id]["loss"]
    assert loss.lows.tolist() == [0.5 + 1 / (1 + step) for step in range(30)]
    assert loss.steps.tolist() == list(range(30))
    assert curves[first.id]["deep.er"].lows.tolist() == list(range(30))
    assert all(math.isnan(value) for value in curves[first.id]["deep.nan"].lows)
    assert len(copy._reader.media(first.id, "page")) == 30
    info = copy._reader.infos([first.id])[first.id]
    assert (info["name"], info["tags"], info["notes"]) == ("name of aaaaaaaa", ["one"], "a note")
    assert info["group"] == "both"
    assert copy._reader.summaries([first.id])[first.id]["loss"] == pytest.approx(0.5 + 1 / 30)
    assert copy._reader.configs([first.id])[first.id]["other"] == [1, 2]
    system = copy._reader.system(runs=[first.id], points=None)[first.id]
    samples = {key: len(curve.steps) for key, curve in system.items()}
    assert samples
    assert not any(key.startswith("system.") for key in samples)
    assert copy.best().id == "bbbbbbbb" or copy.best().value == min(
        run.value for run in copy.records() if run.value is not None
    )
    assert copy.url_of(0) == there.url.replace(f"sweeps/{there.id}", "runs/aaaaaaaa")


@pytest.mark.slow
def test_a_copy_has_everything_and_grows(
    server: FakeWandbServer, there: RemoteSweep, elsewhere: Elsewhere
) -> None:
    elsewhere("begin aaaaaaaa 0.5", "log 30", "wait", "end 0")
    elsewhere("begin bbbbbbbb 0.25", "log 5", "end 3")
    elsewhere("begin cccccccc 0.75", "log 10")
    wait_until(lambda: len(server.runs["cccccccc"].history) == 10)
    copy = fetch(f"team/elsewhere/{there.id}")
    has_everything(copy, there)

    # Fetched again, a copy grows and doubles nothing.
    first, _, third = copy.records()
    before = everything(copy, first.id)
    assert before["loss"] == 30
    elsewhere("log 7", "end 0")
    elsewhere("begin dddddddd 0.9", "log 3", "end 0")
    server.finish_sweep(there.id)
    asked = server.count("RunFullHistory")
    again = fetch(there.url)
    assert again.path == copy.path
    assert server.count("RunFullHistory") == asked + 2  # the system metrics of what has changed
    assert [run.state.value for run in copy.records()] == ["finished", "failed", *["finished"] * 2]
    assert [run.number for run in copy.records()] == [0, 1, 2, 3]
    assert everything(copy, first.id) == before
    grown = copy._reader.history(points=None)[third.id]["loss"]
    assert grown.steps.tolist() == list(range(17))
    assert len(copy._reader.media(third.id, "page")) == 17
    assert copy.state == "finished"
    assert [sweep.id for sweep in wandb_magic.sweeps()] == [there.id]
    assert copy.wait(60).state == "finished"
    key = server.environment["WANDB_API_KEY"].encode()
    files = [file for file in copy.path.rglob("*") if file.is_file()]
    assert not any(key in file.read_bytes() for file in files)


def train() -> None:
    import wandb  # noqa: PLC0415 - in the run

    with wandb.init() as run:
        run.log({"loss": run.config["lr"]})


@pytest.mark.slow
def test_a_run_whose_id_may_be_no_part_of_a_path_is_left_out(
    there: RemoteSweep, elsewhere: Elsewhere
) -> None:
    elsewhere("begin ..-..-secrets 0.5", "log 3", "end 0")
    elsewhere("begin bbbbbbbb 0.25", "log 5", "end 0")
    copy = fetch(there.id, project="elsewhere")
    assert [run.id for run in copy.records()] == ["bbbbbbbb"]
    assert len(copy.history("loss")) == 5
    (notice,) = (text for text in copy.status().sweep.notices if "left out" in text)
    assert notice.startswith("1 run is left out")


def test_a_copy_is_read_and_never_steered(there: RemoteSweep, elsewhere: Elsewhere) -> None:
    elsewhere("begin aaaaaaaa 0.5", "log 3", "end 0")
    copy = fetch(there.id, project="elsewhere")
    sentence = f"sweep {there.id} is a copy of a W&B sweep: attach('team/elsewhere/{there.id}'"
    for steer in (
        copy.stop,
        copy.pause,
        copy.resume,
        lambda: copy.resume(online=True),
        lambda: copy.rerun(0),
        lambda: copy.resume_run(0),
        lambda: copy.stop_run(0),
        lambda: copy.set_agents(2),
        lambda: copy.set_count(2),
    ):
        with pytest.raises(SweepStateError) as refused:
            steer()
        assert str(refused.value).startswith(sentence)
    with pytest.raises(SweepStateError, match=r"the code of sweep .* is not here"):
        copy.export(0)
    assert attach(there.id).path == copy.path
    shown = sweep_detail(SweepPaths(copy.path), copy._reader, copy.path)
    assert (shown["id"], shown["code"], shown["captured"]) == (there.id, "", [])
    with pytest.raises(SweepStateError, match="has printed is at W&B"):
        copy.logs(0)
    # To run more of it is to serve it, in a folder of its own; the copy stays as it was.
    served = attach(f"team/elsewhere/{there.id}", train, count=1).wait(100)
    assert served.state == "finished"
    assert served.path != copy.path
    assert len(copy.records()) == 1
    assert fetch(there.id, project="elsewhere").path == served.path
    copy.delete()
    assert not copy.path.exists()
    assert served.state == "finished"


def test_what_cannot_be_fetched_is_said_in_a_sentence(
    server: FakeWandbServer, there: RemoteSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RemoteError, match="has no sweep team/elsewhere/00000000"):
        fetch("team/elsewhere/00000000")
    with pytest.raises(SweepNotFoundError, match="does not name a W&B sweep"):
        fetch("no such name")
    server.reject_keys()
    with pytest.raises(RemoteError, match="rejects the API key from WANDB_API_KEY"):
        fetch(there.url)
    server.close()
    with pytest.raises(RemoteError, match="cannot be reached: it refuses the connection"):
        fetch(there.url)
    monkeypatch.delenv("WANDB_API_KEY")
    with pytest.raises(SweepNotFoundError, match="W&B finds no API key to read it"):
        fetch(there.url)
    assert not list(Path().glob("wandb/*sweep-*"))


FETCH = """
import json, wandb, wandb_magic
sweep = wandb_magic.fetch("team/elsewhere/%s")
told = {run.id: sweep._reader.objective("loss", [run.id])[run.id] for run in sweep.records()}
print(json.dumps(told))
"""


@pytest.mark.slow
def test_the_oldest_client_reads_the_same(
    there: RemoteSweep, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    elsewhere("begin aaaaaaaa 0.5", "log 3", "wait", "end 0")
    expected = {"aaaaaaaa": [0.5 + 1 / (1 + step) for step in range(3)]}
    for number, python in enumerate(PYTHONS):
        place = tmp_path / f"client{number}"
        place.mkdir()
        own = {"WANDB_DIR": str(place), "JUPYTER_DATA_DIR": str(place), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [python, "-W", "ignore", "-c", FETCH % there.id],
            cwd=place,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert told == expected
