"""Plots of sweeps show what was logged."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis import factories
from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.plots import Plots, check_installed
from wandb_magic.analysis.plots.curves import smoothed
from wandb_magic.analysis.plots.figure import PLOTLY
from wandb_magic.analysis.plots.plot_data import log_parameters
from wandb_magic.analysis.plots.style import label
from wandb_magic.errors import SweepError, SweepStateError, UnsupportedError
from wandb_magic.store import StoreReader

HOSTILE = "</script><a href='https://evil.example'>%{x}</a>\x1b[31m\n$x$"
SMALL = 300_000


@pytest.fixture
def plots(tmp_path: Path) -> Plots:
    return Plots(StoreReader(factories.make(tmp_path).store))


def shown(figure: Any) -> dict[str, Any]:
    """Return what a notebook gets."""
    data, _ = figure._repr_mimebundle_()
    plot: dict[str, Any] = data[PLOTLY]
    assert len(json.dumps(plot, allow_nan=False)) < SMALL
    assert len(data["image/png"]) > 5000
    return plot


def test_curves_are_grey_but_for_the_best(plots: Plots) -> None:
    plot = shown(plots.curves(best=2))
    named = [trace for trace in plot["data"] if trace["showlegend"]]
    ranked = plots._plot_data.ranked_runs()
    assert [trace["name"].split()[1] for trace in named] == [
        str(ranked[1].number),
        str(ranked[0].number),
    ]
    assert named[-1]["line"]["color"] == "#0072b2"
    best = plots._reader.history(["accuracy"], [ranked[0].id], points=None)[ranked[0].id]
    assert named[-1]["y"] == pytest.approx(best["accuracy"].lows.tolist(), rel=1e-5)
    logged = sum(run.value is not None for run in plots._plot_data.runs)
    assert len(plot["data"]) == logged
    assert plot["layout"]["yaxis"]["title"]["text"] == "accuracy"


def test_curves_over_time_on_a_log_axis_with_a_band(plots: Plots) -> None:
    plot = shown(plots.curves("loss", smooth=0.6, band=True, axis="time", log=True))
    names = [trace.get("name") for trace in plot["data"]]
    assert {"median", "8 of 10 runs"} <= set(names)
    assert plot["layout"]["yaxis"]["type"] == "log"
    middle = plot["data"][names.index("median")]
    assert middle["x"][-1] == pytest.approx(0.25 * (factories.STEPS - 1))


def test_smoothing_is_that_of_the_panel() -> None:
    x, y = np.arange(4.0), np.array([1.0, 0.0, np.nan, 0.0])
    assert smoothed(x, y, 0).tolist()[:2] == [1, 0]
    out = smoothed(np.arange(1001.0), np.r_[1.0, np.zeros(1000)], 0.81)
    assert out[1] == pytest.approx(0.9 / 1.9)
    assert np.isnan(smoothed(x, y, 0.5)[2])


def test_the_best_so_far_never_gets_worse(plots: Plots) -> None:
    for by in ("run", "time"):
        points, line = shown(plots.progress(by))["data"]
        assert line["y"] == sorted(line["y"])
        assert line["y"][-1] == max(points["y"])
        assert line["x"] == sorted(line["x"])


def test_parallel_coordinates_have_texts_for_categories(plots: Plots) -> None:
    (trace,) = shown(plots.parallel())["data"]
    held = {each["label"]: each for each in trace["dimensions"]}
    assert set(held) == {"lr", "momentum", "net.depth", "optimizer", "kernels", "accuracy"}
    assert held["optimizer"]["ticktext"] == ["adam", "lion", "sgd"]
    assert held["kernels"]["ticktext"] == ["[16, 32]", "[8, 8]"]
    assert held["lr"]["range"][0] >= -5
    assert held["lr"]["range"][1] <= -1
    assert trace["line"]["color"] == sorted(trace["line"]["color"])  # the best on top
    (some,) = shown(plots.parallel("lr", "net.depth"))["data"]
    assert [each["label"] for each in some["dimensions"]] == ["lr", "net.depth", "accuracy"]


def test_importance_names_its_evaluator(plots: Plots) -> None:
    plot = shown(plots.importance())
    assert plot["layout"]["yaxis"]["ticktext"][-1] == "lr"
    assert plot["data"][0]["hovertext"][-1] == "lr"
    assert "PED-ANOVA" in plot["layout"]["title"]["subtitle"]["text"]
    assert "best 50 % of the runs" in plot["layout"]["title"]["subtitle"]["text"]
    other = shown(plots.importance(evaluator="fanova"))
    assert "fANOVA" in other["layout"]["title"]["subtitle"]["text"]


def test_contours_need_two_numbers_and_take_categories_as_points(plots: Plots) -> None:
    kinds = [trace["type"] for trace in shown(plots.contour("lr", "momentum"))["data"]]
    assert kinds == ["contour", "scatter"]
    plot = shown(plots.contour("optimizer", "lr"))
    assert [trace["type"] for trace in plot["data"]] == ["scatter"]
    assert plot["layout"]["xaxis"]["ticktext"] == ["adam", "lion", "sgd"]
    assert set(plot["data"][0]["x"]) == {0, 1, 2}
    assert plot["layout"]["yaxis"]["type"] == "log"
    assert "lr" in plots.contour().layout.title.text  # what matters most, by itself


def test_slices_have_an_axis_for_each_parameter(plots: Plots) -> None:
    plot = shown(plots.slice())
    assert len(plot["data"]) == 5
    assert plot["layout"]["xaxis"]["title"]["text"] == "lr"
    assert plot["layout"]["xaxis"]["type"] == "log"
    other = shown(plots.slice("momentum", metric="loss"))
    assert other["layout"]["yaxis"]["title"]["text"] == "loss"


def test_the_timeline_has_a_row_for_each_agent(plots: Plots) -> None:
    plot = shown(plots.timeline())
    assert {trace["name"] for trace in plot["data"]} == {"finished", "failed", "pruned"}
    assert plot["layout"]["yaxis"]["ticktext"] == ["agent 1", "agent 0"]
    assert sum(len(trace["x"]) for trace in plot["data"]) == 50


def test_ended_early(plots: Plots, tmp_path: Path) -> None:
    ends = shown(plots.terminations())["data"][-1]
    assert set(ends["x"]) == {5}
    assert len(ends["x"]) == len(plots._plot_data.pruned_runs())
    few = Plots(StoreReader(factories.make(tmp_path, "unpruned", runs=3).store))
    with pytest.raises(SweepStateError, match="no run of sweep digits was ended early"):
        few.terminations()


def test_costs_are_durations_or_money(plots: Plots) -> None:
    runs = [run for run in plots._plot_data.runs if run.ended]
    hours = sum(run.ended - run.started for run in runs) / 3600  # type: ignore[operator] # all have ended
    plot = shown(plots.costs(2.5, "€"))
    assert sum(sum(trace["y"]) for trace in plot["data"]) == pytest.approx(2.5 * hours, rel=1e-4)
    assert f"{2.5 * hours:.2f} €" in plot["layout"]["title"]["subtitle"]["text"]
    assert plots.costs().layout.yaxis.title.text == "seconds"
    with pytest.raises(SweepError, match="price must be a number from 0"):
        plots.costs(-1)


def test_sweeps_beside_each_other(plots: Plots, tmp_path: Path) -> None:
    other = Plots(StoreReader(factories.make(tmp_path, "another0", runs=20, seed=3).store))
    plot = shown(plots.compare(SimpleNamespace(plot=other), by="time"))
    lines = [trace for trace in plot["data"] if trace["mode"] == "lines"]
    # Both have the same name.
    assert [line["name"].split(":")[0] for line in lines] == [
        "digits (plotted0)",
        "digits (another0)",
    ]
    least = {"metric": {"name": "loss", "goal": "minimize"}}
    unlike = Plots(StoreReader(factories.make(tmp_path, "minimize", spec=least).store))
    with pytest.raises(SweepError, match="one of the sweeps minimizes"):
        plots.compare(SimpleNamespace(plot=unlike))


def test_a_large_sweep_is_thinned_and_says_so(tmp_path: Path) -> None:
    large = Plots(StoreReader(factories.make(tmp_path, runs=1500).store))
    plot = shown(large.curves())
    assert len(plot["data"]) == 201
    assert plot["layout"]["title"]["subtitle"]["text"].startswith("201 of 1,")
    (parallel,) = shown(large.parallel())["data"]
    assert len(parallel["line"]["color"]) <= 1000
    assert max(parallel["line"]["color"]) == pytest.approx(large._plot_data.ranked_runs()[0].value)
    assert "histogram" in {trace["type"] for trace in shown(large.costs())["data"]}


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    spec = {"parameters": {**factories.SPEC["parameters"], HOSTILE: {"values": [HOSTILE, "b"]}}}
    paths = factories.make(tmp_path, name=HOSTILE, words=HOSTILE, spec=spec)
    plots = Plots(StoreReader(paths.store))
    for figure in (
        plots.curves(HOSTILE),
        plots.parallel(),
        plots.slice(),
        plots.contour(HOSTILE, "lr"),
        plots.importance(),
        plots.timeline(),
        plots.costs(),
        plots.compare(SimpleNamespace(plot=plots)),
    ):
        plot = shown(figure)
        for trace in plot["data"]:
            for dimension in trace.get("dimensions", []):
                dimension["ticktext"] = ""  # plotly takes these as they are
        assert "<a href" not in json.dumps(plot)
    assert "<" not in label(HOSTILE)
    assert "\x1b" not in label(HOSTILE)


def test_what_is_wrong_is_said_in_one_sentence(plots: Plots) -> None:
    with pytest.raises(SweepError, match="logged 'nothing': they logged accuracy, loss"):
        plots.curves("nothing")
    with pytest.raises(SweepError, match="no parameter 'width': it has lr, momentum"):
        plots.slice("width")
    with pytest.raises(SweepError, match="axis must be 'step' or 'time'"):
        plots.curves(axis="epoch")
    with pytest.raises(SweepStateError, match="has a value of 'nothing'"):
        plots.parallel(metric="nothing")


def test_a_sweep_without_runs(tmp_path: Path) -> None:
    plots = Plots(StoreReader(factories.make(tmp_path, runs=0).store))
    draws = (plots.curves, plots.progress, plots.parallel, plots.importance, plots.contour)
    for draw in (*draws, plots.slice, plots.timeline, plots.terminations, plots.costs):
        with pytest.raises(SweepError):
            draw()  # type: ignore[operator] # each needs no argument


def test_without_plotly_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wandb_magic.analysis.plots.find_spec", lambda _: None)
    with pytest.raises(UnsupportedError, match=r"pip install 'wandb-magic\[analysis\]'"):
        check_installed()


def test_log_parameters_are_found_in_any_depth() -> None:
    spec = {
        "parameters": {
            "lr": {"distribution": "log_uniform_values", "min": 1, "max": 2},
            "net": {"parameters": {"width": {"distribution": "q_log_uniform_values"}}},
            "depth": {"min": 1, "max": 3},
        }
    }
    assert log_parameters(spec) == {"lr", "net.width"}
    assert downsample(range(100), 3) == [0, 50, 99]
