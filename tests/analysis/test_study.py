"""A sweep as an Optuna study: the same results, and all of Optuna's plots and its dashboard."""

import json
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import optuna
import pytest
from optuna.trial import TrialState

import wandb_magic
from fake_wandb_server.server import FakeWandbServer
from tests.analysis.conftest import Make, Written
from wandb_magic.analysis import study as studies
from wandb_magic.analysis import study_file
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.log_records import HistoryRecord, InfoRecord
from wandb_magic.records import Options, RunState
from wandb_magic.search import make_searcher
from wandb_magic.spec import load

MIXED: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
        "layers": {"distribution": "int_uniform", "min": 1, "max": 8},
        "batch": {"distribution": "q_log_uniform_values", "min": 8, "max": 128, "q": 8},
        "optimizer": {"values": ["adam", "sgd"]},
        "sizes": {"values": [[16], [16, 32], None]},
        "flag": {"values": [1, True, "auto"]},
        "width": {"values": [16, 32, 64]},
        "noise": {"distribution": "normal", "mu": 0, "sigma": 1},
        "net": {"parameters": {"dropout": {"min": 0.0, "max": 0.5}, "kind": {"value": "mlp"}}},
    },
}
CELL = """
import wandb
with wandb.init() as run:
    for step in range(5):
        run.log({"loss": run.config.layers + run.config["net"]["dropout"] + 1 / (1 + step)})
    if run.config.width == 64:
        raise ValueError("too wide")
"""
PLOTS = [
    "plot_optimization_history",
    "plot_parallel_coordinate",
    "plot_slice",
    "plot_contour",
    "plot_param_importances",
    "plot_edf",
    "plot_timeline",
    "plot_intermediate_values",
    "plot_rank",
]


def losses(*values: float) -> list[HistoryRecord]:
    return [HistoryRecord(step, 1000.0 + step, {"loss": each}) for step, each in enumerate(values)]


def filled(written: Written, runs: int = 30) -> Written:
    """Add runs as the search would have drawn them."""
    searcher = make_searcher(load(written.writer.sweep().spec), seed=3)
    choose = Random(1)
    for number in range(runs):
        value = choose.random()
        written.run(*losses(value + 1, value), params=dict(searcher.ask(number, [])), value=value)
    return written


@contextmanager
def dashboard(file: Path) -> Iterator[str]:
    """Start the real optuna-dashboard as the user is told to; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program, *arguments = study_file.dashboard_command(file).split()
    process = subprocess.Popen(
        [Path(sys.executable).with_name(program), *arguments, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/api"
    finally:
        process.terminate()
        process.wait(120)


def answer(url: str) -> Any:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=60) as response:
                return json.load(response)
        except URLError:
            assert time.monotonic() < deadline, "no answer"
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.full("the notebook analysis, which draws them of real sweeps")
def test_every_plot_works_on_a_real_sweep(tmp_path: Path) -> None:
    visualization = pytest.importorskip("optuna.visualization")
    pytest.importorskip("plotly")
    options = Options(seed=5, failure_limit=0)
    settings = LaunchOptions(24, 2, "mixed", None, None, "offline", options, None)
    sweep = start_sweep(MIXED, RunCode(cell=CELL, namespace={}), settings).wait(200)
    assert sweep.state == "finished"
    study = sweep.study()
    assert len(study.trials) == 24
    assert {trial.state for trial in study.trials} == {TrialState.COMPLETE, TrialState.FAIL}
    assert study.best_value == sweep.best().value
    assert study.best_trial.user_attrs["run"] == sweep.best().id
    for trial in study.trials:
        assert len(trial.intermediate_values) == 5
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        for plot in PLOTS:
            figure = getattr(visualization, plot)(study)
            assert figure.data, plot
            assert figure.to_json()
    text = visualization.plot_slice(study, params=["lr"]).to_json()
    assert '"type":"log"' in text
    # And in the dashboard.
    with dashboard(study_file.export(study, tmp_path / "study.log")) as url:
        (found,) = answer(f"{url}/studies")["study_summaries"]
        assert found["study_name"] == "mixed"
        trials = answer(f"{url}/studies/{found['study_id']}?after=0")["trials"]
    assert [each["state"] for each in trials] == [
        {TrialState.COMPLETE: "Complete", TrialState.FAIL: "Fail"}[trial.state]
        for trial in study.trials
    ]


@pytest.mark.slow
def test_a_sweep_at_the_server_is_a_study_too(
    fake_wandb_server: FakeWandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train() -> None:
        import wandb  # noqa: PLC0415 - the run's

        with wandb.init() as run:
            run.log({"loss": run.config.lr})

    for name, value in fake_wandb_server.environment.items():
        monkeypatch.setenv(name, value)
    config = MIXED | {"parameters": {"lr": {"min": 0.0, "max": 1.0}}}
    sweep = wandb_magic.start(config, train, count=3, project="studies", mode="online").wait(120)
    assert sweep.state == "finished"
    study = sweep.study()
    assert study.user_attrs["url"] == sweep.url
    assert [trial.params for trial in study.trials] == [run.params for run in sweep.records()]
    assert [trial.value for trial in study.trials] == [run.value for run in sweep.records()]


def test_each_state_has_its_own(make_sweep: Make) -> None:
    written = make_sweep(spec=MIXED | {"parameters": {"lr": {"min": 0.0, "max": 1.0}}})
    cases = [
        ({"state": RunState.FINISHED, "value": 0.5}, TrialState.COMPLETE),
        ({"state": RunState.FINISHED}, TrialState.FAIL),
        ({"state": RunState.PRUNED, "value": 0.5}, TrialState.PRUNED),
        ({"state": RunState.PRUNED}, TrialState.PRUNED),
        ({"state": RunState.STOPPED, "value": 0.5}, TrialState.COMPLETE),
        ({"state": RunState.STOPPED}, TrialState.FAIL),
        ({"state": RunState.FAILED, "value": 0.5, "cause": "it raised"}, TrialState.FAIL),
        ({"state": RunState.KILLED, "value": 0.5}, TrialState.FAIL),
        ({"state": RunState.LOST, "ended": None}, TrialState.FAIL),
        ({"state": RunState.RUNNING, "ended": None, "value": 0.1}, None),
        ({"state": RunState.PENDING, "started": None, "ended": None}, None),
    ]
    for fields, _ in cases:
        written.run(**fields)
    trials = written.sweep.study().trials
    assert [trial.state for trial in trials] == [state for _, state in cases if state is not None]
    assert [trial.value for trial in trials[:6]] == [0.5, None, 0.5, None, 0.5, None]
    assert trials[6].user_attrs == {
        "run": "run00006",
        "name": "run00006",
        "number": 6,
        "attempt": 0,
        "state": "failed",
        "cause": "it raised",
    }


def test_a_trial_is_its_run(make_sweep: Make) -> None:
    written = make_sweep(spec=MIXED | {"metric": {"name": "loss", "goal": "maximize"}})
    params = {
        "lr": 0.01,
        "layers": 4,
        "batch": 16,
        "optimizer": "sgd",
        "sizes": [16, 32],
        "flag": True,
        "width": 32,
        "noise": -0.3,
        "net": {"dropout": 0.25, "kind": "mlp"},
    }
    head = InfoRecord("brisk-wave-1", "project", "", "", (), "", "host", "", 1000.0)
    written.run(head, *losses(3.0, float("nan"), 2.0), params=params, value=3.0)
    written.run(*losses(*(float(step) for step in range(1234))), params=params, value=1233.0)
    study = written.sweep.study()
    assert study.direction is optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["loss"]
    assert study.study_name == "name of sweep000"
    assert study.user_attrs["constants"] == {"net.kind": "mlp"}
    trial, long = study.trials
    assert trial.params == {
        "lr": 0.01,
        "layers": 4,
        "batch": 16,
        "optimizer": "sgd",
        "sizes": "[16, 32]",
        "flag": "true",
        "width": 32,
        "noise": -0.3,
        "net.dropout": 0.25,
    }
    assert trial.user_attrs["name"] == "brisk-wave-1"
    assert trial.datetime_start == datetime.fromtimestamp(1000.0)  # noqa: DTZ006 - Optuna's way
    assert trial.duration is not None
    assert trial.duration.total_seconds() == 10.0
    assert trial.intermediate_values == {0: 3.0, 2: 2.0}
    assert len(long.intermediate_values) <= studies.POINTS
    assert long.last_step == 1233
    assert study.best_trial.number == 1


def test_an_online_sweep_may_have_what_only_the_server_understands(make_sweep: Make) -> None:
    spec = {
        "method": "bayes",
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"lr": {"min": 0.0, "max": 1.0}},
        "controller": {"type": "local"},
    }
    written = make_sweep(mode="online")
    written.writer.update_sweep(spec=spec)
    written.run(params={"lr": 0.5, "other": 3}, value=1.0)
    written.run(params={}, value=2.0)
    assert [trial.params for trial in written.sweep.study().trials] == [{"lr": 0.5}, {}]


def test_a_sweep_without_a_metric_is_no_study(make_sweep: Make) -> None:
    written = make_sweep(spec={"method": "random", "parameters": MIXED["parameters"]})
    with pytest.raises(SweepStateError, match="no metric"):
        written.sweep.study()


def test_optunas_messages_are_left_as_they_were(written: Written) -> None:
    before = optuna.logging.get_verbosity()
    written.run(value=1.0)
    written.sweep.study()
    assert optuna.logging.get_verbosity() == before


@pytest.mark.parametrize("name", ["study.log", "study.db"])
def test_a_file_holds_the_whole_study(make_sweep: Make, tmp_path: Path, name: str) -> None:
    written = filled(make_sweep(spec=MIXED))
    written.run(state=RunState.PRUNED, params={"lr": 0.1}, value=5.0)
    written.run(state=RunState.FAILED, cause="it raised", params={"lr": 0.1})
    ours = written.sweep.study(export=tmp_path / "new" / name)
    assert [each.name for each in (tmp_path / "new").iterdir()] == [name]
    file = tmp_path / "new" / name
    with studies.silence_optuna():
        if name.endswith(".db"):
            storage: Any = optuna.storages.RDBStorage(f"sqlite:///{file}")
        else:
            backend = optuna.storages.journal.JournalFileBackend(str(file))
            storage = optuna.storages.JournalStorage(backend)
        theirs = optuna.load_study(study_name=None, storage=storage)
        assert theirs.metric_names == ours.metric_names
    assert theirs.direction == ours.direction
    assert theirs.user_attrs == ours.user_attrs
    assert len(theirs.trials) == len(ours.trials) == 32
    for their, our in zip(theirs.trials, ours.trials, strict=True):
        for field in (
            "number",
            "state",
            "values",
            "params",
            "distributions",
            "intermediate_values",
            "user_attrs",
            "datetime_start",
            "datetime_complete",
        ):
            assert getattr(their, field) == getattr(our, field), field
    # Optuna can go on with it.
    trial = theirs.ask()
    assert trial.number == 32
    theirs.tell(trial, 1.0)
    if name.endswith(".db"):
        storage.remove_session()
        storage.engine.dispose()


@pytest.mark.parametrize(
    "name",
    [pytest.param("study.journal", marks=pytest.mark.full("a file of SQLite")), "study.sqlite3"],
)
def test_optuna_dashboard_opens_the_file(make_sweep: Make, tmp_path: Path, name: str) -> None:
    sweep = filled(make_sweep(spec=MIXED)).sweep
    study = sweep.study(export=tmp_path / name)
    with dashboard(tmp_path / name) as url:
        (found,) = answer(f"{url}/studies")["study_summaries"]
        trials = answer(f"{url}/studies/{found['study_id']}?after=0")["trials"]
    assert found["study_name"] == sweep.name
    assert [each["values"] for each in trials] == [trial.values for trial in study.trials]


def test_a_file_that_exists_is_kept(written: Written, tmp_path: Path) -> None:
    written.run(value=1.0)
    file = tmp_path / "study.log"
    file.write_text("mine")
    with pytest.raises(SweepError, match=r"already exists: .*overwrite"):
        written.sweep.study(file)
    assert file.read_text() == "mine"
    with pytest.raises(SweepError, match="is a folder"):
        written.sweep.study(tmp_path, overwrite=True)
    written.sweep.study(file, overwrite=True)
    assert file.read_text() != "mine"
    (tmp_path / "file").touch()
    with pytest.raises(SweepError, match="cannot be written"):
        written.sweep.study(tmp_path / "file" / "study.log")
