"""Conclusions from results: importance, the best runs, comparisons; and the commands for them."""

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

from tests.analysis.conftest import SPEC, Make, Written
from wandb_magic.cli.main import run as command
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.records import Options, RunState


def filled(written: Written, count: int = 40) -> Written:
    choose = random.Random(1)
    for _ in range(count):
        params = {"lr": choose.random(), "net": {"depth": choose.randrange(5)}, "kind": "a"}
        written.run(params=params, value=params["lr"] * 10)
    return written


def test_importance_is_a_frame(written: Written) -> None:
    frame = filled(written).sweep.importance()
    assert frame.columns.tolist() == ["parameter", "importance", "uncertainty", "correlation"]
    assert frame["parameter"].tolist() == ["lr", "net.depth"]
    assert frame["importance"].sum() == pytest.approx(1)
    assert frame["correlation"].iloc[0] == pytest.approx(1)
    assert frame.attrs["evaluator"].startswith("PED-ANOVA")
    assert (frame.attrs["runs"], frame.attrs["warning"]) == (40, "")


def test_of_few_runs_importance_says_so(make_sweep: Make) -> None:
    before = optuna.logging.get_verbosity()
    frame = filled(make_sweep("few00000"), 10).sweep.importance()
    assert "only 10 runs" in frame.attrs["warning"]
    frame = make_sweep("none0000").sweep.importance()
    assert frame.empty
    assert [str(kind) for kind in frame.dtypes] == ["string", "float64", "float64", "float64"]
    with pytest.raises(SweepStateError, match="no metric"):
        make_sweep("without0", {"lr": {"min": 0.0, "max": 1.0}}).sweep.importance()
    assert optuna.logging.get_verbosity() == before


def test_the_best_is_a_run_and_the_best_of_several_a_list(make_sweep: Make) -> None:
    written = make_sweep(spec=SPEC | {"metric": {"name": "loss", "goal": "maximize"}})
    with pytest.raises(SweepStateError):
        written.sweep.best()
    assert written.sweep.best(3) == []
    for value in (1.0, 5.0, None, 3.0):
        written.run(value=value)
    assert written.sweep.best().value == 5.0
    assert [run.value for run in written.sweep.best(2)] == [5.0, 3.0]
    assert [run.value for run in written.sweep.best(9)] == [5.0, 3.0, 1.0]
    assert [run.value for run in written.sweep.best(1)] == [5.0]


def test_sweeps_are_compared(make_sweep: Make) -> None:
    first = make_sweep("first000", options=Options(seed=1))
    second = make_sweep(
        "second00",
        SPEC | {"parameters": {"lr": {"min": 0.0, "max": 2.0}}, "method": "bayes"},
        options=Options(seed=1, sampler="tpe"),
        started=1005.0,
    )
    for value in (3.0, 1.0, 2.0):
        first.run(value=value)
    first.run(state=RunState.FAILED, cause="it raised", ended=1050.0)
    second.run(state=RunState.PRUNED)
    second.run(value=0.5)
    found = first.sweep.compare(second.sweep)
    table = found.table
    assert table.index.tolist() == ["name of first000", "name of second00"]
    assert table["runs"].tolist() == [4, 2]
    assert table["finished"].tolist() == [3, 1]
    assert table["failed"].tolist() == [1, 0]
    assert table["pruned"].tolist() == [0, 1]
    assert table["best"].tolist() == [1.0, 0.5]
    assert table["best_run"].tolist() == [1, 1]
    assert table["median"].tolist() == [2.0, 0.5]
    assert table["time_to_best"].tolist() == [12.0, 7.0]
    assert table["duration"].tolist() == [50.0, 7.0]
    assert table["run_time"].tolist() == [10.0 + 11.0 + 12.0 + 47.0, 21.0]
    assert found.differences.index.tolist() == ["method", "parameters.lr.max", "sampler"]
    assert found.differences.loc["parameters.lr.max"].tolist() == [1.0, 2.0]
    progress = found.progress
    assert progress.index.name == "number"
    assert progress["name of first000"].tolist() == [3.0, 1.0, 1.0, 1.0]
    assert math.isnan(progress["name of second00"].loc[0])
    assert progress["name of second00"].loc[1] == 0.5
    assert "parameters.lr.max" in repr(found)
    assert "<table" in found._repr_html_()


def test_any_number_of_sweeps_by_name_or_itself(make_sweep: Make) -> None:
    sweeps = [make_sweep(f"same000{n}", name="twin") for n in range(3)]
    for number, written in enumerate(sweeps):
        written.run(value=float(number))
    found = sweeps[0].sweep.compare("same0001", sweeps[2].sweep)
    assert found.table.index.tolist() == [f"twin (same000{n})" for n in range(3)]
    assert found.differences.empty
    assert "the configs are the same" in repr(found)
    assert sweeps[0].sweep.compare("same0000").table.index.tolist() == ["twin"]
    with pytest.raises(SweepNotFoundError):
        sweeps[0].sweep.compare("nowhere0")


def test_sweeps_without_results_can_be_compared(make_sweep: Make) -> None:
    found = make_sweep("first000", started=None).sweep.compare(make_sweep("second00").sweep)
    assert found.table["best"].isna().all()
    assert found.table["best_run"].isna().all()
    assert found.progress.empty


def test_different_objectives_are_not_compared(make_sweep: Make) -> None:
    first = make_sweep("first000").sweep
    second = make_sweep("second00", SPEC | {"metric": {"name": "acc", "goal": "maximize"}}).sweep
    with pytest.raises(SweepStateError, match="minimize loss and second00 is to maximize acc"):
        first.compare(second)
    without = make_sweep("without0", {"lr": {"min": 0.0, "max": 1.0}}).sweep
    with pytest.raises(SweepStateError, match="without0 has no metric"):
        first.compare(without)


def test_hostile_names_do_no_harm_in_a_page(make_sweep: Make) -> None:
    first = make_sweep("first000", name="<script>alert(1)</script>")
    assert "<script>" not in first.sweep.compare(make_sweep("second00").sweep)._repr_html_()


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert command([str(word) for word in words]) == 0
    return capsys.readouterr().out


def data(capsys: pytest.CaptureFixture[str], *words: object) -> Any:
    return json.loads(said(capsys, *words, "--json"))


def test_the_commands_say_the_same(
    make_sweep: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = filled(make_sweep("first000")), filled(make_sweep("second00"), 5)
    second.run(state=RunState.FAILED)
    text = said(capsys, "importance", "first000")
    assert re.search(r"lr +\d\.\d{3} +± \d\.\d{3} +\+1\.00\n", text)
    assert "PED-ANOVA (Optuna), best 50 % of the runs, 40 runs" in text
    assert "fANOVA, 40 runs" in said(capsys, "importance", "first000", "--evaluator", "fanova")
    assert [row["parameter"] for row in data(capsys, "importance", "first000")["parameters"]] == [
        "lr",
        "net.depth",
    ]
    assert "name of second00" in said(capsys, "compare", "first000", "second00")
    compared = data(capsys, "compare", "first000", "second00")
    assert [row["runs"] for row in compared["sweeps"]] == [40, 6]
    assert len(compared["progress"]) == 40
    assert compared["progress"][39]["name of second00"] is None
    assert "--export FILE" in said(capsys, "study", "first000")
    text = said(capsys, "study", "second00", "--export", tmp_path / "my study.db")
    assert "6 trials (5 complete, 1 fail)" in text
    assert f"optuna-dashboard 'sqlite:///{tmp_path}/my study.db'" in text
    again = ("study", "second00", "--export", tmp_path / "my study.db", "--overwrite")
    assert data(capsys, *again)["trials"] == {"complete": 5, "fail": 1}
    folder = tmp_path / "results"
    assert str(folder) in said(capsys, "to-parquet", "first000", folder)
    assert data(capsys, "to-parquet", "first000", folder, "--overwrite")["folder"] == str(folder)
    assert len(pd.read_parquet(folder / "runs.parquet")) == 40
    assert first.sweep.id == "first000"


def test_nothing_to_say_is_said(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no importance for loss yet" in said(capsys, "importance", written.sweep.id)
    assert "0 trials (none yet)" in said(capsys, "study", written.sweep.id)
