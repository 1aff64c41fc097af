"""A later execution of an offline run is the same run for wandb: the oldest and the newest."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.bundle import freeze
from wandb_magic.log_records import ConfigRecord, HistoryRecord, LogRecord, SummaryRecord
from wandb_magic.records import RunId
from wandb_magic.runner.run_process import Job, prepare_run_dir
from wandb_magic.wandb_log import LogFollower
from wandb_magic.wandb_log.resume_state import read_resume_state

ROOT = Path(__file__).parents[2]
OLDEST = ROOT / ".venvs" / "wandb-oldest" / "bin" / "python"
RUN = RunId("runrun12")
CELL = """
import json, os, wandb

with wandb.init(config={"given": EXECUTION}) as run:
    seen = {
        "id": run.id,
        "resumed": run.resumed,
        "step": run.step,
        "starting": run.starting_step,
        "config": {key: value for key, value in dict(run.config).items() if key != "_wandb"},
        "summary": {key: run.summary.get(key) for key in ("loss", "nested", "dotted.key", "set")},
        "kept": os.listdir(KEPT),
    }
    print("SEEN", json.dumps(seen), flush=True)
    for step in range(3):
        run.log({"loss": 10 * EXECUTION + step, "nested": {"a": step}, "dotted.key": step})
    run.config.update({f"later{EXECUTION}": {"x": EXECUTION}})
    run.summary["set"] = EXECUTION
    open(os.path.join(KEPT, f"checkpoint{EXECUTION}"), "w").close()
    ENDING
"""
FAIL = "raise RuntimeError('broken')"
DIE = "import time; time.sleep(1.0); os.kill(os.getpid(), 9)"  # older wandb writes late


class Executions:
    """Executes one run again and again with some Python."""

    def __init__(self, python: str, folder: Path) -> None:
        self._python = python
        self.folder = folder
        self.number = 0

    def execute(self, ending: str = "pass") -> dict[str, Any]:
        bundle = self.folder / f"bundle{self.number}"
        kept = self.folder / "run" / "kept"
        text = CELL.replace("EXECUTION", str(self.number)).replace("KEPT", repr(str(kept)))
        freeze(bundle, cell=text.replace("ENDING", ending), namespace={"__name__": "__main__"})
        environment = {
            "WANDB_MODE": "offline",
            "WANDB_RUN_ID": RUN,
            "WANDB_DIR": str(self.folder),
            "WANDB_SWEEP_ID": "sweep000",
            "WANDB_SWEEP_PARAM_PATH": str(self.folder / "run" / "params.yaml"),
            "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "0.1",
            "PYTHONPATH": str(ROOT),
        }
        if self.number:
            environment["WANDB_RESUME"] = "allow"
        job = Job(RUN, self.folder / "run", bundle, environment, seed=1, execution=self.number)
        prepare_run_dir(job, "wandb_version: 1\nlr:\n  value: 0.5\n")
        subprocess.run(
            [self._python, "-m", "wandb_magic.runner.run_process", job.to_json()],
            env={**os.environ, **environment},
            timeout=120,
            check=False,
        )
        self.number += 1
        lines = [line for line in self.output.splitlines() if line.startswith("SEEN ")]
        assert len(lines) == self.number, self.output
        found: dict[str, Any] = json.loads(lines[-1].removeprefix("SEEN "))
        return found

    @property
    def output(self) -> str:
        return (self.folder / "run" / "output.log").read_text(encoding="utf-8")

    @property
    def directories(self) -> list[Path]:
        """The folders of W&B, in order."""
        lines = (self.folder / "run" / "wandb.dirs").read_text(encoding="utf-8").splitlines()
        return [Path(line) for line in lines]

    def entries(self, execution: int) -> list[LogRecord]:
        follower = LogFollower(self.directories[execution])
        entries = follower.poll(limit=100_000)
        follower.close()
        return entries

    def steps(self, execution: int) -> list[tuple[int, float]]:
        return [
            (entry.step, entry.scalars["loss"])
            for entry in self.entries(execution)
            if isinstance(entry, HistoryRecord)
        ]


@pytest.fixture(params=["newest", "oldest"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Executions:
    python = Path(sys.executable) if request.param == "newest" else OLDEST
    if not python.exists():
        pytest.skip("scripts/kernels makes the environment with the oldest wandb")
    return Executions(str(python), tmp_path)


@pytest.mark.slow
def test_steps_summary_and_config_go_on_where_the_run_ended(runs: Executions) -> None:
    first = runs.execute(FAIL)
    assert (first["id"], first["resumed"], first["step"]) == (RUN, False, 0)
    assert first["config"] == {"lr": 0.5, "given": 0}
    assert first["kept"] == []

    second = runs.execute(FAIL)
    assert (second["id"], second["resumed"]) == (RUN, True)
    assert (second["step"], second["starting"]) == (3, 3)
    assert second["config"] == {"lr": 0.5, "given": 1, "later0": {"x": 0}}
    assert second["summary"] == {"loss": 2, "nested": {"a": 2}, "dotted.key": 2, "set": 0}
    assert second["kept"] == ["checkpoint0"]

    third = runs.execute()
    assert (third["resumed"], third["step"]) == (True, 6)
    assert third["config"] == {"lr": 0.5, "given": 2, "later0": {"x": 0}, "later1": {"x": 1}}

    assert len(set(runs.directories)) == 3, "each execution has a folder of its own"
    assert [runs.steps(number) for number in range(3)] == [
        [(0, 0), (1, 1), (2, 2)],
        [(3, 10), (4, 11), (5, 12)],
        [(6, 20), (7, 21), (8, 22)],
    ]
    assert runs.output.count("--- resumed ") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "runs",
    ["newest", pytest.param("oldest", marks=pytest.mark.full("the newest wandb"))],
    indirect=True,
)
def test_the_second_log_has_all_that_it_was_given(runs: Executions) -> None:
    """Who sends the newest log alone to W&B loses no config and no summary."""
    runs.execute(FAIL)
    runs.execute()
    summary: dict[str, Any] = {}
    config: dict[str, Any] = {}
    for entry in runs.entries(1):
        if isinstance(entry, SummaryRecord):
            summary |= entry.update
        elif isinstance(entry, ConfigRecord):
            config |= entry.update
    assert summary["set"] == 1
    assert summary["loss"] == 12
    assert config["later0.x"] == 0
    assert (config["lr"], config["given"], config["later1.x"]) == (0.5, 1, 1)


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_after_what_reached_the_disk(
    tmp_path: Path,
) -> None:
    runs = Executions(sys.executable, tmp_path)
    runs.execute(DIE)
    assert read_resume_state(runs.directories).next_step == 3
    second = runs.execute()
    assert (second["resumed"], second["step"]) == (True, 3)
    assert runs.steps(1)[0] == (3, 10)


@pytest.mark.slow
def test_a_run_that_never_logged_begins(tmp_path: Path) -> None:
    runs = Executions(sys.executable, tmp_path)
    bundle = runs.folder / "bundle"
    freeze(bundle, cell="import wandb\nwith wandb.init() as run:\n    print(run.resumed)")
    job = Job(
        RUN,
        runs.folder / "run",
        bundle,
        {"WANDB_MODE": "offline", "WANDB_RUN_ID": RUN, "WANDB_RESUME": "allow"},
        seed=1,
        execution=1,
    )
    prepare_run_dir(job, "wandb_version: 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "wandb_magic.runner.run_process", job.to_json()],
        timeout=120,
        check=False,
    )
    assert done.returncode == 0
    assert "False" in runs.output
