"""The panel, plots and frames compute importance from the same runs."""

import math

import pytest

from tests.analysis.conftest import Make
from wandb_magic.analysis import comparable_runs as module
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.log_records import SummaryRecord
from wandb_magic.records import RunState
from wandb_magic.server import importance
from wandb_magic.server.sweep_manager import OpenSweep


def test_all_take_the_newest_runs_that_ended_well(
    make_sweep: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = make_sweep()
    for number in range(30):
        written.run(SummaryRecord({"nested": {"accuracy": float(number)}}), value=float(number))
    written.run(value=math.nan)
    written.run(state=RunState.FAILED, value=1.0)
    monkeypatch.setattr(module, "MAX_RUNS", 25)
    sweep = written.sweep
    frame = sweep.importance()
    open_sweep = OpenSweep(written.paths)
    assert frame.attrs["runs"] == 25
    assert PlotData(sweep._reader).importances(None).runs == 25
    assert importance.importance(open_sweep, "")["runs"] == 25
    for weights in (
        PlotData(sweep._reader).importances("nested.accuracy").runs,
        importance.importance(open_sweep, "nested.accuracy")["runs"],
    ):
        assert weights == 25
    params, values = module.comparable_runs(sweep._reader, "nested.accuracy")
    assert values == [float(number) for number in range(5, 30)]
    assert params[0] == {"lr": 0.5}
