"""Every plot has a picture: drawn from the figure's own traces, never blank, never a web page."""

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import nbformat
import numpy as np
import optuna
import plotly.graph_objects as go
import pytest
from IPython.core.formatters import DisplayFormatter
from nbclient import NotebookClient
from PIL import Image

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.mpl.figure import PLOTLY
from wandb_magic.analysis.mpl.plotly_values import colour, compact, plain, values

HOSTILE = "</script><b>$\\frac{</b>\x1b[31m\nline 数"


def pixels(png: bytes) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def ink(png: bytes) -> float:
    """Return the share of a picture that is not its background."""
    found = pixels(png)
    return float((found != found[0, 0]).any(axis=2).mean())


def coloured(png: bytes) -> float:
    """Return the share of a picture that has a colour: texts and frames have none."""
    found = pixels(png).astype(int)
    return float((found.max(axis=2) - found.min(axis=2) > 40).mean())


LINE = {"x": [1, 2, 3, 4], "y": [1, 3, 2, 4]}
TRACES: dict[str, list[Any]] = {
    "lines": [go.Scatter(**LINE, mode="lines")],
    "steps": [go.Scatter(**LINE, mode="lines", line={"shape": "hv", "dash": "dash"})],
    "markers": [go.Scatter(**LINE, mode="markers")],
    "numbers as colours": [go.Scatter(**LINE, mode="markers", marker={"color": [1, 2, 3, 4]})],
    "names as colours": [
        go.Scatter(
            **LINE, mode="markers", marker={"color": ["red", "rgb(1,2,250)", "#0f0", "tan"]}
        )
    ],
    "hollow": [go.Scatter(**LINE, mode="markers", marker={"symbol": "circle-open", "size": 20})],
    "band": [
        go.Scatter(x=[1, 2, 3], y=[1, 1, 1], line={"width": 0}),
        go.Scatter(x=[1, 2, 3], y=[2, 3, 2], line={"width": 0}, fill="tonexty"),
    ],
    "area": [go.Scatter(**LINE, fill="tozeroy")],
    "errors": [go.Scatter(**LINE, error_y={"array": [1, 1, 1, 1]})],
    "webgl": [go.Scattergl(**LINE, mode="lines")],
    "bars": [go.Bar(x=["a", "b"], y=[1, 2], text=["one", "two"])],
    "bars beside": [go.Bar(x=["a", "b"], y=[1, 2]), go.Bar(x=["a", "b"], y=[2, 1])],
    "flat bars": [go.Bar(y=["a", "b"], x=[1, 2], base=[0, 5], orientation="h")],
    "histogram": [go.Histogram(x=[1, 2, 2, 3, 3, 3])],
    "contour": [go.Contour(z=[[1, 2], [3, 4]], x=[0.1, 1], y=[1, 2])],
    "contour with gaps": [
        go.Contour(z=[[1, None, 2], [None, 3, None], [4, None, 5]], connectgaps=True)
    ],
    "heatmap": [go.Heatmap(z=[[1, 2], [3, 4]], x=["a", "b"], y=["c", "d"])],
    "parallel": [
        go.Parcoords(
            line={"color": [1, 2, 3], "showscale": True},
            dimensions=[
                {"label": "a", "values": [1, 2, 3]},
                {"label": "b", "values": [0, 1, 0], "tickvals": [0, 1], "ticktext": ["x", "<y>"]},
            ],
        )
    ],
}


@pytest.mark.parametrize("name", TRACES)
def test_each_kind_of_trace_has_a_picture(name: str) -> None:
    empty = Figure(layout={"title": "t"}).png()
    drawn = Figure(TRACES[name], layout={"title": "t"}).png()
    assert coloured(drawn) > max(0.0002, coloured(empty))


@pytest.mark.parametrize(
    ("held", "kind"),
    [
        ({"x": [0.001, 1, 1000], "type": "log"}, "log"),
        ({"x": ["2024-01-01", "2024-02-01", "2024-03-01"]}, "dates"),
        ({"x": np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "datetime64[ns]")}, "dates"),
        ({"x": ["cat", "dog", "cow"]}, "categories"),
        ({"x": [True, False, True]}, "truth"),
    ],
)
def test_each_kind_of_axis_is_drawn(held: dict[str, Any], kind: str) -> None:
    drawn = Figure(go.Scatter(x=held["x"], y=[1, 2, 3], mode="lines", line={"width": 8}))
    drawn.update_xaxes(type=held.get("type"))
    found = pixels(drawn.png()).astype(int)
    blue = np.argwhere(found.max(axis=2) - found.min(axis=2) > 40)
    assert np.ptp(blue[:, 1]) > 0.4 * found.shape[1], kind  # from the left to the right


def test_a_notebook_gets_the_plot_and_its_picture_and_no_page() -> None:
    figure = Figure(TRACES["lines"], layout={"title": "<b>loss</b>"})
    data, metadata = figure._repr_mimebundle_()
    assert set(data) == {PLOTLY, "image/png", "text/plain"}
    assert metadata["image/png"] == {"width": 760, "height": 420}
    assert json.loads(json.dumps(data[PLOTLY], allow_nan=False))["data"][0]["y"] == [1, 3, 2, 4]
    assert "sendChartToCloud" in data[PLOTLY]["config"]["modeBarButtonsToRemove"]
    assert repr(figure) == data["text/plain"] == "<Figure 'loss': 1 trace>"
    assert DisplayFormatter().format(figure) == (data, metadata)


def test_a_figure_is_shown_in_a_kernel(tmp_path: Path) -> None:
    source = (
        "from wandb_magic.analysis.mpl import Figure\n"
        "Figure({'data': [{'type': 'bar', 'x': [1], 'y': [2]}]}).show()"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=200, kernel_name="python3", resources=resources).execute()
    (output,) = notebook.cells[0].outputs
    assert set(output["data"]) == {PLOTLY, "image/png", "text/plain"}


def test_json_is_what_every_plotly_reads() -> None:
    held = go.Figure(go.Scatter(x=np.arange(3), y=np.array([1 / 3, np.nan, np.inf]))).to_dict()
    assert "bdata" in json.dumps(held["data"][0]["x"])
    (trace,) = compact(held)["data"]
    assert trace["x"] == [0, 1, 2]
    assert trace["y"] == [0.333333, None, None]


def test_no_text_is_taken_for_markup_or_mathematics() -> None:
    figure = Figure(
        go.Bar(x=[HOSTILE, "$b$"], y=[1, 2], name=HOSTILE, text=[HOSTILE, "$"]),
        layout={"title": HOSTILE, "xaxis": {"title": HOSTILE}, "showlegend": True},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ink(figure.png()) > 0.05


def test_the_settings_of_the_notebook_stay_as_they_are() -> None:
    before = dict(mpl.rcParams)
    with mpl.rc_context({"figure.facecolor": "black", "lines.linewidth": 30}):
        dark = Figure(TRACES["lines"]).png()
    assert dark == Figure(TRACES["lines"]).png()
    assert dict(mpl.rcParams) == before


def test_texts_and_colours_of_plotly_are_understood() -> None:
    assert plain("<b>a</b><br>&lt;b&gt; 1 < 2") == "a\n<b> 1 < 2"
    assert colour("rgba(255, 0, 0, 0.5)") == (1.0, 0.0, 0.0, 0.5)
    assert colour("hsl(120, 100%, 50%)") == pytest.approx((0, 1, 0, 1))
    assert colour("no such colour")[3] == 1
    assert values({"dtype": "i1", "bdata": "AQI=", "shape": "1, 2"}) == [[1, 2]]


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


SHOWN: list[Callable[[optuna.Study], go.Figure]] = [
    optuna.visualization.plot_optimization_history,
    optuna.visualization.plot_parallel_coordinate,
    optuna.visualization.plot_slice,
    optuna.visualization.plot_contour,
    optuna.visualization.plot_param_importances,
    optuna.visualization.plot_edf,
    optuna.visualization.plot_timeline,
    optuna.visualization.plot_intermediate_values,
    optuna.visualization.plot_rank,
]


@pytest.fixture(scope="module")
def trials() -> optuna.Study:
    return study()


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("show", SHOWN, ids=lambda show: show.__name__)
def test_optunas_plots_have_pictures(
    show: Callable[[optuna.Study], go.Figure], trials: optuna.Study
) -> None:
    data, _ = Figure(show(trials))._repr_mimebundle_()
    assert coloured(data["image/png"]) > 0.001
    assert json.dumps(data[PLOTLY], allow_nan=False)
