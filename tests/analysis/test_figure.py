"""What a notebook gets of a figure: the plot, and a picture if it is one of ours."""

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import optuna
import plotly.graph_objects as go
import pytest
from IPython.core.formatters import DisplayFormatter
from nbclient import NotebookClient

from wandb_magic.analysis.plots import Plots
from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.figure import PLOTLY, Figure
from wandb_magic.analysis.plots.line_chart import LineChart, Series
from wandb_magic.errors import UnsupportedError

PNG = b"\x89PNG"
PATIENCE_S = 200


def chart(**changed: Any) -> LineChart:
    line = Series("run 0", "#0072b2", np.array([1.0, 2.0, 3.0]), np.array([1.0, 1 / 3, np.nan]))
    held = {"title": "<b>loss & co", "x": Axis("step"), "y": Axis("loss"), "series": (line,)}
    return LineChart(**{**held, **changed})


def test_a_notebook_gets_the_plot_and_its_picture_and_no_page() -> None:
    figure = Figure.of_chart(chart())
    data, metadata = figure._repr_mimebundle_()
    assert set(data) == {PLOTLY, "image/png", "text/plain"}
    assert data["image/png"].startswith(PNG)
    assert metadata["image/png"] == {"width": 760, "height": 420}
    (trace,) = json.loads(json.dumps(data[PLOTLY], allow_nan=False))["data"]
    assert trace["x"] == [1, 2, 3]
    assert trace["y"] == [1, 0.333333, None]
    assert "sendChartToCloud" in data[PLOTLY]["config"]["modeBarButtonsToRemove"]
    assert repr(figure) == data["text/plain"] == "<Figure '<b>loss & co': 1 trace>"
    assert DisplayFormatter().format(figure) == (data, metadata)


def test_a_figure_is_shown_in_a_kernel(tmp_path: Path) -> None:
    source = (
        "from wandb_magic.analysis.plots.figure import Figure\n"
        "from wandb_magic.analysis.plots.importances import Axis, ImportanceChart\n"
        "bars = ImportanceChart(title='t', axis=Axis('', categories=('a',)), shares=(1.0,), "
        "texts=('1',))\n"
        "Figure.of_chart(bars).show()\n"
        "Figure({'data': [{'type': 'bar', 'x': [1], 'y': [2]}]}).show()"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(
        notebook, timeout=PATIENCE_S, kernel_name="python3", resources=resources
    )
    client.execute()
    own, foreign = notebook.cells[0].outputs
    assert set(own["data"]) == {PLOTLY, "image/png", "text/plain"}
    assert set(foreign["data"]) == {PLOTLY, "text/plain"}
    assert foreign["data"]["text/plain"] == (
        "<Figure '': 1 trace>: this plot has no picture, because sweep.plot did not draw it; "
        "to see it, install plotly where the Jupyter server runs"
    )


def test_the_picture_follows_the_title_and_the_size() -> None:
    figure = Figure.of_chart(chart())
    before = figure.png()
    figure.update_layout(width=400, height=300)
    data, metadata = figure._repr_mimebundle_()
    assert metadata["image/png"] == {"width": 400, "height": 300}
    size = [int.from_bytes(data["image/png"][at : at + 4], "big") for at in (16, 20)]
    assert size == [600, 450]
    figure.update_layout(width=None, height=420)
    assert figure.png() == before
    assert figure.update_layout(title="another <i>title</i>").png() != before
    assert repr(figure) == "<Figure 'another title': 1 trace>"


@pytest.mark.parametrize(
    "change",
    [
        lambda figure: figure.update_layout(yaxis={"type": "log"}),
        lambda figure: figure.update_traces(line_color="red"),
        lambda figure: figure.add_trace(go.Scatter(y=[1])),
        lambda figure: figure.add_hline(0.5),
        lambda figure: figure.update_layout(title={"subtitle": {"text": "note"}}),
    ],
    ids=["axis", "trace", "another trace", "line", "note"],
)
def test_a_figure_that_was_changed_has_no_picture_that_shows_something_else(
    change: Callable[[Figure], None],
) -> None:
    figure = Figure.of_chart(chart())
    change(figure)
    data, metadata = figure._repr_mimebundle_()
    assert set(data) == {PLOTLY, "text/plain"}
    assert metadata == {}
    assert "changed after sweep.plot drew it; to see it, install plotly" in data["text/plain"]
    with pytest.raises(UnsupportedError, match=r"was changed after sweep\.plot drew it: save it"):
        figure.png()


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda figure: pickle.loads(pickle.dumps(figure)), Plots.of],
    ids=["copy", "deepcopy", "pickle", "of"],
)
def test_a_copy_has_the_same_picture(copied: Callable[[Figure], Figure]) -> None:
    figure = Figure.of_chart(chart())
    assert copied(figure).png() == figure.png()


def test_matplotlib_is_imported_with_the_first_picture() -> None:
    source = (
        "import sys\n"
        "from wandb_magic.analysis.plots import contour, curves, parallel, slices\n"
        "from wandb_magic.analysis.plots.figure import Figure\n"
        "from wandb_magic.analysis.plots.importances import Axis, ImportanceChart\n"
        "bars = ImportanceChart(title='t', axis=Axis('', categories=('a',)), shares=(1.0,), "
        "texts=('1',))\n"
        "figure = Figure.of_chart(bars)\n"
        "figure.compact()\n"
        "assert 'matplotlib' not in sys.modules\n"
        "figure.png()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", source], check=True, timeout=PATIENCE_S)


def test_json_is_what_every_plotly_reads() -> None:
    dates = np.array(["2024-01-01", "2024-02-01"], "datetime64[ns]")
    figure = Figure(
        [
            go.Scatter(x=np.arange(3), y=np.array([1 / 3, np.nan, np.inf])),
            go.Scatter(x=dates, y=np.float32([0.5, 1])),
        ]
    )
    assert "bdata" in json.dumps(figure.to_dict()["data"][0]["x"])
    numbers, dated = figure.compact()["data"]
    assert numbers["x"] == [0, 1, 2]
    assert numbers["y"] == [0.333333, None, None]
    assert dated["x"][0].startswith("2024-01-01T00:00")
    assert dated["y"] == [0.5, 1]


def study(count: int = 30) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial: optuna.Trial) -> float:
        rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
        net = trial.suggest_categorical("net", ["small", "large"])
        depth = trial.suggest_int("depth", 1, 5)
        for step in range(4):
            trial.report(depth / (step + 1), step)
        if trial.number % 7 == 3:
            raise optuna.TrialPruned
        return abs(float(np.log10(rate)) + 3) + depth / 10 + (net == "small")

    made.optimize(objective, n_trials=count)
    return made


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_optunas_plots_are_interactive_only() -> None:
    trials = study()
    for show in (
        optuna.visualization.plot_optimization_history,
        optuna.visualization.plot_parallel_coordinate,
        optuna.visualization.plot_slice,
        optuna.visualization.plot_contour,
        optuna.visualization.plot_edf,
        optuna.visualization.plot_timeline,
        optuna.visualization.plot_rank,
    ):
        figure = Plots.of(show(trials))
        data, _ = figure._repr_mimebundle_()
        assert set(data) == {PLOTLY, "text/plain"}, show
        assert json.dumps(data[PLOTLY], allow_nan=False)
        assert "this plot has no picture, because sweep.plot did not draw it" in data["text/plain"]
    with pytest.raises(UnsupportedError, match="save it with write_image, which needs Chrome"):
        figure.png()
