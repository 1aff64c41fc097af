"""Queries where users write them: frames, records, histories, plots, and verbs."""

import json

import pytest

from tests.analysis.conftest import Written
from wandb_magic.cli.main import run
from wandb_magic.errors import QueryError
from wandb_magic.log_records import HistoryRecord, InfoRecord, SummaryRecord
from wandb_magic.records import RunState


@pytest.fixture
def sweep(written: Written) -> Written:
    """A sweep of six runs: the odd ones failed, `lr` halves from 0.8 on."""
    for number in range(6):
        failed = number % 2 == 1
        written.run(
            HistoryRecord(0, 1000.0, {"loss": 1.0 - number / 10}),
            SummaryRecord({"loss": 1.0 - number / 10, "val/accuracy": number / 10}),
            InfoRecord("n", "p", "", "", ("best",) if number > 3 else (), "warm", "box", "", 1.0),
            params={"lr": 0.8 / 2**number, "net": {"depth": number}},
            state=RunState.FAILED if failed else RunState.FINISHED,
            value=1.0 - number / 10,
        )
    return written


def test_a_query_selects_rows_records_and_histories(sweep: Written) -> None:
    where = "lr < 0.3 and state == finished and (tag:best or note ~ nothing)"
    found = sweep.sweep
    assert found.runs(where=where)["number"].tolist() == [4]
    assert [run.number for run in found.records(where)] == [4]
    assert found.history("loss", where="net.depth in [1, 2]")["loss"].tolist() == [0.9, 0.8]
    assert found.history("loss", [1, 4], where=where)["loss"].tolist() == [0.6]
    assert found.runs("val/accuracy > 0.35")["number"].tolist() == [4, 5]
    everything = found.runs()
    selected = found.runs(where="number < 3")
    assert everything.dtypes.equals(selected.dtypes)
    assert found.runs("lr > 9").columns.equals(everything.columns)
    assert len(found.runs("lr > 9")) == 0


def test_what_is_wrong_has_a_place_and_unknown_names_a_note(sweep: Written) -> None:
    with pytest.raises(QueryError, match="column 6: expected a number after '<', not the end"):
        sweep.sweep.runs("lr < ")
    with pytest.warns(UserWarning, match="^where: no run has los: did you mean loss") as noted:
        assert sweep.sweep.runs("los < 1").empty
    assert noted[0].filename == __file__
    with pytest.warns(UserWarning, match="no run has net.dept: did you mean net.depth"):
        assert not sweep.sweep.records("net.dept > 1")


def test_names_of_the_config_need_no_run(written: Written) -> None:
    written.run(params={})
    assert written.sweep.records("lr < 1 or loss < 1 or not lr < 1")


def test_plots_draw_the_selected_runs(sweep: Written) -> None:
    found = sweep.sweep
    plots = found.plot.where("state == finished")
    (bars,) = [trace for trace in plots.costs().data if trace.type == "bar"]
    assert len(bars.x) == 3
    assert len(plots.curves("loss").data) < len(found.plot.curves("loss").data)
    with pytest.raises(QueryError, match="column 1"):
        found.plot.where(")")


def test_verbs_take_a_query(sweep: Written, capsys: pytest.CaptureFixture[str]) -> None:
    def command(*words: str) -> str:
        assert run([*words]) == 0
        return capsys.readouterr().out

    folder = str(sweep.paths.folder)
    where = ("--where", "state == failed and net.depth > 1")
    assert [run["number"] for run in json.loads(command("runs", folder, *where, "--json"))] == [
        3,
        5,
    ]
    assert len(command("runs", folder, *where).splitlines()) == 3
    assert "note: where: no run has los" in command("runs", folder, "--where", "los < 1")
    assert "0.7" in command("history", folder, *where)
    with pytest.raises(QueryError, match="column 6: expected a number"):
        run(["runs", folder, "--where", "lr < "])
