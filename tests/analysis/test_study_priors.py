"""Optuna studies as priors: what fits is learned from, what does not is counted."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest

import wandb_magic
from tests.analysis.conftest import Make
from wandb_magic.analysis.study import silence_optuna
from wandb_magic.api._priors import resolve_priors
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.spec import load

CONFIG: dict[str, Any] = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
        "layers": {"min": 1, "max": 8},
        "sizes": {"values": [[1], [1, 2]]},
        "net": {"parameters": {"kind": {"value": "mlp"}, "drop": {"min": 0.0, "max": 0.5}}},
    },
}


def tried(trial: optuna.Trial) -> float:
    trial.suggest_float("lr", 1e-5, 10.0, log=True)
    trial.suggest_float("layers", 1, 8, step=1)
    trial.suggest_categorical("sizes", ["[1]", "[1, 2]"])
    return trial.suggest_float("net.drop", 0.0, 0.5)


def made(count: int = 30, storage: Any = None, direction: str = "minimize") -> optuna.Study:
    with silence_optuna():
        study = optuna.create_study(
            study_name="mine",
            storage=storage,
            direction=direction,
            sampler=optuna.samplers.RandomSampler(1),
        )
        study.optimize(tried, n_trials=count)
    return study


def test_trials_that_fit_become_runs_and_the_others_are_counted() -> None:
    study = made()
    inside = [trial for trial in study.trials if 1e-4 <= trial.params["lr"] <= 1.0]
    assert 0 < len(inside) < 30
    priors, notice = resolve_priors(study, load(CONFIG))
    assert notice.startswith(f"{30 - len(inside)} of 30 finished trials of the study do not fit")
    assert [prior["value"] for prior in priors] == [trial.value for trial in inside]
    first = priors[0]["params"]
    assert first["lr"] == inside[0].params["lr"]
    assert isinstance(first["layers"], int)
    assert first["sizes"] == json.loads(inside[0].params["sizes"])
    assert first["net"] == {"kind": "mlp", "drop": inside[0].params["net.drop"]}


def test_from_study_gives_what_can_be_looked_at_first() -> None:
    study = made()
    whole = wandb_magic.from_study(study)
    assert len(whole) == 30
    assert set(whole[0]["params"]) == {"lr", "layers", "sizes", "net"}
    fitting = wandb_magic.from_study(study, CONFIG)
    assert fitting == list(resolve_priors(study, load(CONFIG))[0])
    assert resolve_priors(fitting[:3], load(CONFIG)) == (tuple(fitting[:3]), "")


def test_a_sweep_and_its_study_teach_the_same(make_sweep: Make) -> None:
    written = make_sweep(spec=CONFIG)
    for number in range(4):
        params = {
            "lr": 10.0**-number,
            "layers": number + 1,
            "sizes": [1, 2][: 1 + number % 2],
            "net": {"kind": "mlp", "drop": 0.1 * number},
        }
        written.run(params=params, value=float(number))
    sweep = written.sweep
    spec = load(sweep.config)
    assert resolve_priors(sweep.study(), spec) == resolve_priors(sweep, spec)


@pytest.mark.parametrize("name", ["study.log", "study.db"])
def test_a_file_is_as_good_as_the_study(make_sweep: Make, tmp_path: Path, name: str) -> None:
    written = make_sweep(spec={**CONFIG, "parameters": {"lr": {"min": 0.0, "max": 1.0}}})
    for number in range(4):
        written.run(params={"lr": number / 10}, value=float(number))
    sweep = written.sweep
    sweep.study(tmp_path / name)
    expected = resolve_priors(sweep, load(sweep.config))
    assert resolve_priors(tmp_path / name, load(sweep.config)) == expected
    assert resolve_priors(str(tmp_path / name), load(sweep.config)) == expected
    assert wandb_magic.from_study(tmp_path / name, sweep.config) == list(expected[0])


def test_what_teaches_nothing_is_refused(tmp_path: Path) -> None:
    spec = load(CONFIG)
    with pytest.raises(SweepStateError, match="is to maximize, and the sweep to minimize loss"):
        resolve_priors(made(direction="maximize"), spec)
    with silence_optuna():
        several = optuna.create_study(directions=["minimize", "maximize"])
        empty = optuna.create_study(study_name="empty")
    with pytest.raises(SweepStateError, match="has 2 objectives"):
        resolve_priors(several, spec)
    with pytest.raises(SweepStateError, match="none of the 0 finished trials of study 'empty'"):
        resolve_priors(empty, spec)
    other = load({**CONFIG, "parameters": {"rate": {"min": 0.0, "max": 1.0}}})
    with pytest.raises(SweepStateError, match="none of the 30 finished trials"):
        resolve_priors(made(), other)
    bad: list[Any] = [[], 3, [{"params": {}}], [{"params": {"lr": 1}, "value": float("nan")}]]
    for each in bad:
        with pytest.raises(SweepError, match="as from_study returns"):
            resolve_priors(each, spec)


def test_a_file_that_holds_no_single_study_is_refused(tmp_path: Path) -> None:
    spec = load(CONFIG)
    text = tmp_path / "notes.txt"
    text.write_text("hello\n")
    with pytest.raises(SweepStateError, match=r"notes\.txt contains no study"):
        resolve_priors(text, spec)
    assert text.read_text() == "hello\n"
    text.write_text("hello\nworld\n")
    with pytest.raises(SweepStateError, match=r"notes\.txt cannot be read as an Optuna study"):
        resolve_priors(text, spec)
    database = tmp_path / "other.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = database.read_bytes()
    with pytest.raises(SweepStateError, match=r"other\.db cannot be read as an Optuna study"):
        resolve_priors(database, spec)
    assert database.read_bytes() == before
    with pytest.raises(SweepStateError, match="No such file"):
        resolve_priors(tmp_path / "missing.log", spec)
    empty = tmp_path / "empty.log"
    empty.touch()
    with pytest.raises(SweepStateError, match="contains no study"):
        resolve_priors(empty, spec)
    file = tmp_path / "several.log"
    with silence_optuna():
        storage = optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(file))
        )
        for name in ("one", "two"):
            optuna.create_study(study_name=name, storage=storage)
    with pytest.raises(SweepStateError, match=r"holds 2 studies \(one, two\): .*load_study"):
        resolve_priors(file, spec)
    assert [each.name for each in tmp_path.glob("*.lock")] == []


@pytest.mark.slow
def test_a_sweep_begins_with_a_study() -> None:
    def train() -> None:
        import wandb  # noqa: PLC0415 - the run's

        with wandb.init() as run:
            run.log({"loss": run.config.lr})

    study = made()
    sweep = wandb_magic.start(
        CONFIG, train, count=2, prior=study, sampler="tpe", seed=3, mode="offline"
    )
    sweep.wait(120)
    assert sweep.state == "finished"
    record = sweep.status().sweep
    assert list(record.options.priors) == wandb_magic.from_study(study, CONFIG)
    assert any("do not fit the parameters" in notice for notice in record.notices)
