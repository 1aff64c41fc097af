"""The analysis of sweeps with several objectives or with constraints."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.conftest import Make, Written
from wandb_magic.analysis.plots import Plots
from wandb_magic.analysis.plots.figure import PLOTLY
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.log_records import SummaryRecord
from wandb_magic.nonfinite import JSON_TEXTS
from wandb_magic.records import RunState
from wandb_magic.server.serializers import run_rows
from wandb_magic.store import StoreReader

FRONTS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("fronts.json").read_text("utf-8")
)["cases"]

METRICS = [
    {"name": "loss", "goal": "minimize"},
    {"name": "m.speed", "goal": "maximize"},
    {"name": "size", "goal": "minimize"},
]
ROWS = [(1, 1, 5), (2, 2, 4), (3, 2, 5), (4, 4, 3), (0, 9, 0), (0, 9, 0)]
"""Loss, speed and size of each run: 2 is beaten by 1, 4 breaks the bound, 5 fails."""


def several(make_sweep: Make, objectives: int = 2, **keys: Any) -> Written:
    spec = {
        "method": "random",
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        **(keys or {"metrics": METRICS[:objectives]}),
        "constraints": ["memory <= 7"],
    }
    written = make_sweep(spec=spec)
    for number, (loss, speed, size) in enumerate(ROWS):
        # As the user's own summary may hold it: nested.
        summary = {"loss": loss, "m": {"speed": speed}, "size": size, "memory": number * 2}
        state = RunState.FAILED if number == 5 else RunState.FINISHED
        params = {"x": number / 10}
        written.run(SummaryRecord(summary), state=state, value=float(loss), params=params)
    return written


def shown(figure: Any) -> dict[str, Any]:
    data, _ = figure._repr_mimebundle_()
    plot: dict[str, Any] = data[PLOTLY]
    json.dumps(plot, allow_nan=False)
    assert len(data["image/png"]) > 5000
    return plot


def test_a_front_of_two_is_drawn_as_a_line(make_sweep: Make) -> None:
    written = several(make_sweep)
    plot = shown(Plots(StoreReader(written.paths.store)).front())
    beaten, front = plot["data"]
    assert (front["x"], front["y"]) == ([1, 2, 4], [1, 2, 4])
    assert (beaten["x"], beaten["y"]) == ([3], [2])
    assert front["mode"] == "lines+markers"
    assert "Front of loss and m.speed" in plot["layout"]["title"]["text"]


def test_a_third_objective_is_the_colour(make_sweep: Make) -> None:
    written = several(make_sweep, 3)
    plots = Plots(StoreReader(written.paths.store))
    _, front = shown(plots.front())["data"]
    assert (front["x"], front["marker"]["color"]) == ([1, 2, 4], [5, 4, 3])
    _, front = shown(plots.front("size", "loss"))["data"]
    assert front["x"] == [3, 4, 5]
    with pytest.raises(SweepError, match="'memory' is no objective of the sweep"):
        plots.front("memory", "loss")
    with pytest.raises(SweepError, match="two or three different objectives"):
        plots.front("loss")


def test_a_sweep_without_several_has_no_front(make_sweep: Make) -> None:
    plots = Plots(StoreReader(several(make_sweep, metric=METRICS[0]).paths.store))
    with pytest.raises(SweepStateError, match="does not have several metrics"):
        plots.front()
    (_, best) = shown(plots.progress())["data"]
    assert best["y"][-1] == 1  # the run that breaks the bound is never the best
    assert [run.number for run in plots._plot_data.ranked_runs()] == [0, 1, 2, 3]


def test_its_progress_is_the_hypervolume(make_sweep: Make) -> None:
    sweep = several(make_sweep).sweep
    for by in ("run", "time"):
        plot = shown(sweep.plot.progress(by))
        (line,) = plot["data"]
        assert line["y"] == pytest.approx(sweep.hypervolume()["hypervolume"].tolist())
        assert "Hypervolume of loss and m.speed" in plot["layout"]["title"]["text"]
    with pytest.raises(SweepError, match="several objectives, and no best value to compare"):
        sweep.plot.compare(sweep)
    with pytest.raises(SweepStateError, match="several objectives, and no best run to compare"):
        sweep.compare(sweep)


def test_its_study_has_all_objectives(make_sweep: Make) -> None:
    study = several(make_sweep).sweep.study()
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert study.metric_names == ["loss", "m.speed"]
    assert [trial.values for trial in study.trials[:2]] == [[1, 1], [2, 2]]
    assert study.trials[5].values is None


def test_its_report_names_no_best_run(make_sweep: Make, tmp_path: Path) -> None:
    page = several(make_sweep).sweep.report(tmp_path / "report.html").read_text("utf-8")
    assert "Runs on the front" in page
    assert "minimize loss, maximize m.speed" in page
    assert "memory &lt;= 7" in page
    assert 'class="best"' not in page
    assert "Front of loss and m.speed" in page


@pytest.mark.parametrize("case", FRONTS, ids=lambda case: case["name"])
def test_the_panel_is_held_to_the_same_front(make_sweep: Make, case: dict[str, Any]) -> None:
    spec = {
        "method": "random",
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "metrics": case["metrics"],
    }
    if case["constraints"]:
        spec["constraints"] = case["constraints"]
    written = make_sweep(spec=spec)
    for state, summary in case["runs"]:
        logged = {key: JSON_TEXTS.get(value, value) for key, value in summary.items()}
        written.run(SummaryRecord(logged), state=RunState(state))
    reader = StoreReader(written.paths.store)
    runs = reader.runs()
    assert [row["summary"] for row in run_rows(reader, runs)] == [each for _, each in case["runs"]]
    numbers = {str(run.id): run.number for run in runs}
    assert [numbers[id_] for id_ in written.sweep.pareto().index] == case["front"]
