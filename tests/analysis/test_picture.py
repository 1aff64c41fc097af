"""The picture of a plot shows what the interactive drawing shows: both have the same data."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.container import BarContainer
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure as Picture

from analysis import factories
from wandb_magic.analysis.plots import Plots
from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.bar_chart import BarChart, Bars
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.color_scale import ColorScale
from wandb_magic.analysis.plots.contour import ContourChart, Surface
from wandb_magic.analysis.plots.figure import Figure
from wandb_magic.analysis.plots.importances import ImportanceChart
from wandb_magic.analysis.plots.line_chart import Band, LineChart, Series
from wandb_magic.analysis.plots.parallel import Dimension
from wandb_magic.analysis.plots.picture import drawn, png, settings
from wandb_magic.analysis.plots.plot_data import Parameter
from wandb_magic.analysis.plots.style import PALETTE, STATES
from wandb_magic.records import RunState
from wandb_magic.store import StoreReader

HOSTILE = "</script><b>$\\frac{</b>\x1b[31m\nline 数 \ud800 \U0001f600"


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    with settings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", r"Glyph \d+")
        yield


@pytest.fixture(scope="module")
def plots(tmp_path_factory: pytest.TempPathFactory) -> Plots:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wandb_magic.registry.add", lambda _: None)
        return Plots(StoreReader(factories.make(tmp_path_factory.mktemp("sweep")).store))


def picture(figure: Figure | Chart) -> Picture:
    """Return what matplotlib has drawn, with everything in its place."""
    chart = figure._chart if isinstance(figure, Figure) else figure
    assert chart is not None
    made = drawn(chart)
    FigureCanvasAgg(made).draw()
    return made


def names(axes: Axes, side: str = "x") -> list[str]:
    """Return what is written along an axis, within its range."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
    return [label.get_text() for at, label in ticks if low <= at <= high and label.get_text()]


def legend(axes: Axes) -> list[str]:
    drawn_legend = axes.get_legend()
    return [] if drawn_legend is None else [text.get_text() for text in drawn_legend.get_texts()]


def texts(made: Picture) -> list[str]:
    return [text.get_text() for text in made.texts]


def boxes_of(axes: Axes) -> list[Any]:
    """Return the boxes of bars, in the order of their drawing."""
    held = (each for each in axes.collections if isinstance(each, PolyCollection))
    return [path.get_extents() for each in held for path in each.get_paths()]


def line(y: list[float], **changed: Any) -> Series:
    return Series(
        **{
            "name": "run 0",
            "color": PALETTE[0],
            "x": np.arange(float(len(y))),
            "y": np.array(y, np.float64),
            **changed,
        }
    )


def lines(*series: Series, **changed: Any) -> LineChart:
    return LineChart(
        **{
            "title": "t",
            "x": Axis("step", whole=True),
            "y": Axis("loss"),
            "series": series,
            **changed,
        }
    )


def bars_of(axes: Axes) -> list[Any]:
    return [patch for each in axes.containers if isinstance(each, BarContainer) for patch in each]


def test_curves_are_the_same_lines_in_the_same_order(plots: Plots) -> None:
    figure = plots.curves(best=2)
    (axes,) = picture(figure).axes
    assert len(axes.lines) == len(figure.data) > 2
    order = sorted(axes.lines, key=lambda each: each.get_zorder())
    for trace, drawn_line in zip(figure.data, order, strict=True):
        assert drawn_line.get_xdata() == pytest.approx(np.array(trace.x))
        assert drawn_line.get_ydata() == pytest.approx(np.array(trace.y))
    named = [trace for trace in figure.data if trace.showlegend]
    assert legend(axes) == [trace.name for trace in named]
    assert [to_hex(each.get_color()) for each in order[-2:]] == [PALETTE[1], PALETTE[0]]
    assert order[0].get_alpha() < 1
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "accuracy")


def test_a_band_is_between_its_lines_and_below_all_curves(plots: Plots) -> None:
    figure = plots.curves("loss", smooth=0.6, band=True, axis="time", log=True)
    made = picture(figure)
    (axes,) = made.axes
    assert axes.get_yscale() == "log"
    assert legend(axes)[:2] == ["8 of 10 runs", "median"]
    (band,) = (each for each in axes.collections if isinstance(each, PolyCollection))
    outline = band.get_paths()[0].vertices
    low, high = figure.data[:2]
    assert outline[:, 1].min() == pytest.approx(min(low.y))
    assert outline[:, 1].max() == pytest.approx(max(high.y))
    assert band.get_zorder() < min(each.get_zorder() for each in axes.lines)
    dashed = [each for each in axes.lines if each.get_linestyle() == "--"]
    assert [each.get_ydata() for each in dashed] == [pytest.approx(np.array(figure.data[2].y))]
    assert texts(made) == ["loss", "46 runs, smoothed by 0.6"]


def test_the_best_so_far_is_a_step_above_the_points(plots: Plots) -> None:
    for figure in (plots.progress(), plots.progress("time")):
        (axes,) = picture(figure).axes
        (points,), (best,) = axes.collections, axes.lines
        assert best.get_drawstyle() == "steps-post"
        assert best.get_zorder() > points.get_zorder()
        at = np.column_stack((figure.data[0].x, figure.data[0].y))
        assert np.asarray(points.get_offsets()) == pytest.approx(at)
        assert legend(axes) == ["each run", "best so far"]


def test_sweeps_beside_each_other_have_their_own_colours(plots: Plots, tmp_path: Path) -> None:
    other = Plots(StoreReader(factories.make(tmp_path, "another0", runs=20, seed=3).store))
    (axes,) = picture(plots.compare(SimpleNamespace(plot=other))).axes
    assert [to_hex(each.get_color()) for each in axes.lines] == list(PALETTE[:2])
    assert [text.split(":")[0] for text in legend(axes)] == [
        "digits (plotted0)",
        "digits (another0)",
    ]


def test_runs_that_were_ended_early_have_a_point_at_their_end(plots: Plots) -> None:
    figure = plots.terminations()
    (axes,) = picture(figure).axes
    (points,) = (each for each in axes.collections if isinstance(each, PathCollection))
    at = np.column_stack((figure.data[-1].x, figure.data[-1].y))
    assert np.asarray(points.get_offsets()) == pytest.approx(at)
    assert to_hex(points.get_facecolor()[0]) == STATES[RunState.PRUNED]
    assert points.get_zorder() > max(each.get_zorder() for each in axes.lines)
    assert legend(axes) == ["ended early"]


def test_one_value_is_a_point_on_an_axis_that_says_where() -> None:
    for y in ([0.5], [np.nan, 0.5, np.inf]):
        figure = Figure.of_chart(lines(line(y)))
        assert figure.data[0].mode == "markers"
        (axes,) = picture(figure).axes
        assert not axes.lines
        assert legend(axes) == ["run 0"]
    (axes,) = picture(lines(line([0.5]))).axes
    assert names(axes) == ["0"]


@pytest.mark.parametrize(
    "y",
    [
        [np.nan, np.nan],
        [1.0, np.nan, 3.0, -np.inf, np.inf],
        [0.0, 0.0, 0.0],
        [-1e300, 1e300],
        [1e-320, 0.0],
        [],
    ],
    ids=["nan", "gaps", "constant", "large", "small", "none"],
)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_no_value_is_in_the_way_of_a_picture(y: list[float], scale: str) -> None:
    axis = Axis("loss", log=scale == "log")
    chart = lines(line(y), line([1.0, 2.0]), y=axis)
    assert png(chart).startswith(b"\x89PNG")
    assert png(lines(line(y), y=axis)).startswith(b"\x89PNG")
    (axes,) = picture(chart).axes
    assert np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all()


@pytest.mark.parametrize(
    ("low", "high", "some"),
    [
        (1e-5, 1e5, {"10⁻²", "10⁻³"}),
        (0.02, 0.9, {"0.1", "0.5"}),
        (0.3, 1.2, {"0.3", "0.5", "1"}),
        (0.5, 0.55, {"0.5", "0.54"}),
    ],
)
def test_a_log_axis_says_what_its_values_are(low: float, high: float, some: set[str]) -> None:
    (axes,) = picture(lines(line([low, high]), y=Axis("loss", log=True))).axes
    assert axes.get_yscale() == "log"
    assert some & set(names(axes, "y"))
    assert 3 <= len(names(axes, "y")) <= 15


def test_values_that_a_log_axis_cannot_show_are_left_out() -> None:
    (axes,) = picture(lines(line([1.0, -1.0, 0.0, 10.0]), y=Axis("loss", log=True))).axes
    low, high = axes.get_ylim()
    assert 0.5 < low < 1
    assert 10 < high < 20


def test_a_contour_has_the_surface_the_runs_and_a_scale(plots: Plots) -> None:
    figure = plots.contour("lr", "momentum")
    made = picture(figure)
    axes, bar = made.axes
    surface, runs = figure.data
    (levels,) = (each for each in axes.collections if isinstance(each, QuadContourSet))
    (points,) = (each for each in axes.collections if isinstance(each, PathCollection))
    at = np.column_stack((runs.x, runs.y))
    assert np.asarray(points.get_offsets()) == pytest.approx(at)
    assert np.asarray(points.get_array()) == pytest.approx(np.array(runs.marker.color))
    assert levels.zmin >= np.nanmin(np.array(surface.z, float))
    for each in (levels, points):
        assert each.get_clim() == pytest.approx((runs.marker.cmin, runs.marker.cmax))
        assert each.get_cmap().name == "viridis_r"  # it is maximized: better is darker
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lr", "momentum")
    assert bar.get_title(loc="right") == "accuracy"
    low, high = sorted(axes.get_xlim())
    assert low < min(runs.x)
    assert max(runs.x) < high


def test_categories_have_their_places_in_both_drawings(plots: Plots) -> None:
    figure = plots.contour("optimizer", "lr")
    axes = picture(figure).axes[0]
    assert names(axes) == list(figure.layout.xaxis.ticktext) == ["adam", "lion", "sgd"]
    assert axes.get_xlim() == pytest.approx(figure.layout.xaxis.range)
    points = axes.collections[0].get_offsets()
    assert np.asarray(points)[:, 0] == pytest.approx(np.array(figure.data[0].x))


@pytest.mark.parametrize("value", [0.5, 0.0])
def test_a_surface_of_one_value_is_drawn(value: float) -> None:
    grid = np.linspace(0, 1, 5)
    chart = ContourChart(
        title="t",
        x_axis=Axis("x"),
        y_axis=Axis("y"),
        x=np.array([0.0, 1.0, 0.0, 1.0]),
        y=np.array([0.0, 0.0, 1.0, 1.0]),
        values=np.full(4, value),
        tooltips=("",) * 4,
        colors=ColorScale("loss", value, value, reverse=False),
        surface=Surface(grid, grid, np.full((5, 5), value)),
    )
    assert len(picture(chart).axes) == 2
    assert Figure.of_chart(chart).compact()


def test_slices_share_the_axis_of_the_metric_and_the_colours(plots: Plots) -> None:
    figure = plots.slice()
    *parts, bar = picture(figure).axes
    assert [axes.get_xlabel() for axes in parts] == [
        figure.layout[f"xaxis{index or ''}"].title.text for index in (0, 2, 3, 4, 5)
    ]
    scales = set()
    for axes, trace in zip(parts, figure.data, strict=True):
        (points,) = axes.collections
        at = np.column_stack((trace.x, trace.y))
        assert np.asarray(points.get_offsets()) == pytest.approx(at)
        assert np.asarray(points.get_array()) == pytest.approx(np.array(trace.marker.color))
        scales |= {(*points.get_clim(), trace.marker.cmin, trace.marker.cmax)}
        low, high = sorted(axes.get_xlim())
        assert low < min(trace.x)  # seen as a whole
        assert max(trace.x) < high
    assert scales == {(0, 49, 0, 49)}
    assert {axes.get_ylim() for axes in parts} == {parts[0].get_ylim()}
    assert [axes.get_ylabel() for axes in parts] == ["accuracy", "", "", "", ""]
    assert bar.get_title(loc="right") == "run"


def test_parallel_coordinates_are_the_same_lines(plots: Plots) -> None:
    figure = plots.parallel()
    axes = picture(figure).axes[0]
    (trace,) = figure.data
    (drawn_lines,) = (each for each in axes.collections if isinstance(each, LineCollection))
    heights = np.array([segment[:, 1] for segment in drawn_lines.get_segments()])
    for place, each in enumerate(trace.dimensions):
        low, high = each.range
        scaled = (np.array(each["values"]) - low) / (high - low)
        assert heights[:, place] == pytest.approx(scaled), each.label
    written = [text.get_text() for text in axes.texts]
    for each in trace.dimensions:
        assert each.label in written
        assert set(each.ticktext or ()) <= set(written)
    best = drawn_lines.get_colors()[-1]
    assert tuple(best[:3]) == pytest.approx(mpl.colormaps["viridis_r"](1.0)[:3])


def test_a_run_without_a_parameter_has_its_place_or_a_gap() -> None:
    numbers = Parameter("lr", (0.1, None, 0.3), numeric=True, log=False)
    held = Dimension.of_parameter(numbers, [0, 1, 2])
    assert np.isnan(held.values[1])
    assert (held.low, held.high) == (0.1, 0.3)
    words = Parameter("net", ("b", None, "a"), numeric=False, log=False)
    held = Dimension.of_parameter(words, [2, 1, 0])
    assert held.values.tolist() == [0, 2, 1]
    assert held.tick_names == ("a", "b", "none")


def test_importance_is_a_bar_for_each_parameter(plots: Plots) -> None:
    figure = plots.importance()
    (axes,) = picture(figure).axes
    widths = [bar.get_width() for bar in bars_of(axes)]
    assert widths == pytest.approx(list(figure.data[0].x))
    assert widths == sorted(widths)
    assert names(axes, "y") == list(figure.layout.yaxis.ticktext)
    assert [text.get_text() for text in axes.texts] == list(figure.data[0].text)
    assert max(widths) < axes.get_xlim()[1]


def test_names_that_look_alike_once_shortened_stay_apart() -> None:
    long = [f"model.encoder.layers.attention.{end}" for end in ("heads", "dropout")]
    chart = ImportanceChart(
        title="t", axis=Axis("", categories=tuple(long)), shares=(0.4, 0.6), texts=("", "")
    )
    figure = Figure.of_chart(chart)
    shown = list(figure.layout.yaxis.ticktext)
    assert len(set(shown)) == 2
    assert [text[-5:] for text in shown] == ["heads", "opout"]
    (axes,) = picture(chart).axes
    assert names(axes, "y") == shown
    assert [bar.get_y() + bar.get_height() / 2 for bar in bars_of(axes)] == pytest.approx([0, 1])
    alike = Parameter("p", ("x" * 90 + "a" + "y" * 90, "x" * 90 + "b" + "y" * 90), False, False)  # noqa: FBT003 - as they are shown
    assert alike.positions.tolist() == [0, 1]
    first, second = alike.axis().layout()["ticktext"]
    assert first == second


def test_the_timeline_is_the_same_bars(plots: Plots) -> None:
    figure = plots.timeline()
    (axes,) = picture(figure).axes
    made = [(box.x0, box.width, (box.y0 + box.y1) / 2) for box in boxes_of(axes)]
    same = [at for trace in figure.data for at in zip(trace.base, trace.x, trace.y, strict=True)]
    assert np.array(made) == pytest.approx(np.array(same))
    assert legend(axes) == [trace.name for trace in figure.data]
    assert names(axes, "y") == list(figure.layout.yaxis.ticktext)
    colors = {to_hex(each.get_facecolor()[0]) for each in axes.collections}
    assert colors == {trace.marker.color for trace in figure.data}


def test_a_timeline_of_thousands_of_runs_shows_when_agents_worked(tmp_path: Path) -> None:
    """Runs that ended alike and followed each other are one bar, and no other run is within it."""
    large = Plots(StoreReader(factories.make(tmp_path, runs=1).store))
    (run,) = large._plot_data.runs
    failed = {700, 2100}
    runs = [
        replace(
            run,
            number=number,
            agent=number % 2,
            started=factories.BEGAN + number * 1.0,
            ended=factories.BEGAN + number * 1.0 + 2.0,
            state=RunState.FAILED if number in failed else RunState.FINISHED,
        )
        for number in range(3000)
        if not (number % 2 and 1000 < number < 2000)  # agent 1 pauses
    ]
    large._reader.runs = lambda: runs  # type: ignore[method-assign] # a store of so many takes long
    figure = large.timeline()
    finished, ended = figure.data
    assert finished.name == "finished"
    assert sorted(finished.y) == [0, 0, 1, 1, 1]
    assert len(ended.x) == 2
    minutes = [
        sum(length for length, at in zip(finished.x, finished.y, strict=True) if at == row)
        for row in (0, 1)
    ]
    assert minutes == pytest.approx([2001 / 60, 2998 / 60], rel=0.01)
    assert finished.text[-1].endswith("runs, finished")
    assert figure.layout.title.subtitle.text.startswith("2,500 runs; ")
    (axes,) = picture(figure).axes
    assert [box.width for box in boxes_of(axes)] == pytest.approx([*finished.x, *ended.x])


def test_costs_are_the_same_bars(plots: Plots) -> None:
    figure = plots.costs(2.5, "€")
    made = picture(figure)
    (axes,) = made.axes
    same = [at for trace in figure.data for at in zip(trace.x, trace.y, strict=True)]
    found = [((box.x0 + box.x1) / 2, box.height) for box in boxes_of(axes)]
    assert np.array(found) == pytest.approx(np.array(same))
    assert axes.get_ylabel() == "cost, €"
    assert names(axes)[:3] == ["0", "3", "6"]
    assert "€ an hour" in texts(made)[1]


def test_thousands_of_runs_are_drawn(tmp_path: Path) -> None:
    large = Plots(StoreReader(factories.make(tmp_path, runs=1500).store))
    figure = large.costs()
    (axes,) = picture(figure).axes
    bins, (trace,) = figure.data[0].xbins, figure.data
    counts = [bar.get_height() for bar in bars_of(axes)]
    assert sum(counts) == len(trace.x) == 1500
    edges = np.arange(bins.start, bins.end + bins.size / 2, bins.size)
    assert counts == np.histogram(trace.x, edges)[0].tolist()
    (axes,) = picture(large.curves()).axes
    assert len(axes.lines) == 201
    (trace,) = large.parallel().data
    (drawn_lines,) = picture(large.parallel()).axes[0].collections
    assert len(drawn_lines.get_segments()) == len(trace.line.color) <= 1000


def test_the_same_value_everywhere_is_one_bin(tmp_path: Path) -> None:
    large = Plots(StoreReader(factories.make(tmp_path, runs=1).store))
    run = replace(large._plot_data.runs[0], started=0.0, ended=7.0)
    large._reader.runs = lambda: [run] * 300  # type: ignore[method-assign] # as above
    (axes,) = picture(large.costs()).axes
    assert sum(bar.get_height() for bar in bars_of(axes)) == 300


def test_many_categories_are_named_as_far_as_there_is_room() -> None:
    axis = Axis("run", categories=tuple(map(str, range(200))))
    held = Bars("finished", "#009e73", np.arange(200.0), np.zeros(200), np.ones(200), ("",) * 200)
    chart = BarChart(title="t", x=axis, y=Axis("s"), bars=(held,))
    (axes,) = picture(chart).axes
    assert names(axes) == list(Figure.of_chart(chart).layout.xaxis.ticktext)
    assert len(names(axes)) <= 24
    assert len(boxes_of(axes)) == 200


def test_more_entries_than_a_legend_has_room_for_are_counted() -> None:
    series = [line([1.0, 2.0], name=f"run {number}") for number in range(30)]
    (axes,) = picture(lines(*series)).axes
    assert legend(axes) == [f"run {number}" for number in range(18, 30)]
    assert axes.get_legend().get_title().get_text() == "the last 12 of 30"


def test_texts_of_the_user_are_neither_markup_nor_mathematics() -> None:
    chart = lines(
        line([1.0, 2.0], name=HOSTILE),
        line([2.0, 1.0], name="_hidden"),
        title=HOSTILE,
        note="$\\frac{",
        x=Axis(HOSTILE, categories=(HOSTILE, "$b$")),
        band=Band("$\\frac{", "#56b4e9", np.arange(2.0), np.zeros(2), np.ones(2)),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert png(chart).startswith(b"\x89PNG")
    made = picture(chart)
    (axes,) = made.axes
    written = [*texts(made), *names(axes), *legend(axes), axes.get_xlabel()]
    assert not any("\x1b" in text or "\n" in text for text in written)
    assert texts(made)[0].startswith("</script><b>$\\frac{</b> line 数")
    assert [name.strip() for name in legend(axes)][-1] == "_hidden"
    assert len(legend(axes)) == 3


@pytest.mark.parametrize("width", [760, 480])
def test_nothing_is_outside_of_the_picture(width: int) -> None:
    long = "a very long name of a parameter, " * 4
    chart = lines(line([1.0, 1e6], name=long), title=long, note=long, x=Axis(long), y=Axis(long))
    made = drawn(chart, width=width)
    canvas = FigureCanvasAgg(made)
    canvas.draw()
    for text in [*made.texts, made.axes[0].xaxis.label, *made.axes[0].get_legend().get_texts()]:
        box = text.get_window_extent(canvas.get_renderer())
        assert box.x0 >= -1, text
        assert box.x1 <= made.bbox.x1 + 1, text
    title, note = made.texts
    boxes = [each.get_window_extent(canvas.get_renderer()) for each in (title, note)]
    assert boxes[1].y1 <= boxes[0].y0 + 1
    assert made.axes[0].get_tightbbox(canvas.get_renderer()).y1 <= boxes[1].y0 + 1


def test_the_settings_of_the_notebook_stay_as_they_are() -> None:
    chart = lines(line([1.0, 2.0]))
    before = dict(mpl.rcParams)
    with mpl.rc_context({"figure.facecolor": "black", "lines.linewidth": 30, "text.color": "red"}):
        dark = png(chart)
    assert dark == png(chart)
    assert dict(mpl.rcParams) == before


def test_colours_with_an_opacity_are_the_same_in_both() -> None:
    figure = Figure.of_chart(lines(line([1.0, 2.0], alpha=0.45, color="#808080")))
    assert figure.data[0].line.color == "rgba(128,128,128,0.45)"
    (axes,) = picture(figure).axes
    color = axes.lines[0].get_color(), axes.lines[0].get_alpha()
    assert to_rgba(*color) == pytest.approx((128 / 255, 128 / 255, 128 / 255, 0.45))
