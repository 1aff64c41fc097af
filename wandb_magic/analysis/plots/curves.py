"""Draws what runs logged over their steps: all runs, and those that were ended early."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.plots.plot_data import PlotData, downsample
from wandb_magic.analysis.plots.style import (
    FAINT,
    GREY,
    MANY,
    PALETTE,
    STATES,
    figure,
    label,
    run_label,
)
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.records import RunId, RunRecord, RunState
from wandb_magic.store.curves import Curve

Floats = NDArray[np.float64]
MOST = 200  # curves in one plot
NUMBERS = 16_000  # points in one plot
FINEST, COARSEST = 500, 40  # points in one curve
BAND_POINTS = 200
WIDTH = 1000  # the axis in the unit of the smoothing weights: W&B's choice, so that values agree
_LOG = {"type": "log", "exponentformat": "power"}


def curves(
    plot_data: PlotData,
    key: str | None,
    *,
    best: int,
    smooth: float,
    band: bool,
    axis: str,
    log: bool,
) -> Figure:
    """Draw one metric of all runs, the best in colour."""
    name = plot_data.key(key)
    runs = _logged(plot_data, name)
    ranked = [run for run in plot_data.ranked_runs() if run.id in runs][:best]
    best_ids = {run.id for run in ranked}
    others = downsample([run for run in runs.values() if run.id not in best_ids], MOST)
    curves_by_run = _read(plot_data, name, [*others, *ranked], axis)
    plot = figure(
        label(name),
        _note(len(others) + len(ranked), len(runs), smooth),
        x=_axis_title(axis),
        y=label(name),
        yaxis=_LOG if log else {},
    )
    if band and len(curves_by_run) > 2:  # noqa: PLR2004 - two have no median
        _band(plot, list(curves_by_run.values()), smooth)
    grey = FAINT if len(others) > MANY or band else GREY
    colours = [grey] * len(others)
    if not ranked and len(others) <= len(PALETTE):
        colours = list(PALETTE[: len(others)])
    for run, colour in zip(others, colours, strict=True):
        if run.id in curves_by_run:
            plot.add_trace(_line(run, curves_by_run[run.id], smooth, colour, shown=colour != grey))
    for rank, run in reversed(list(enumerate(ranked))):
        if run.id in curves_by_run:
            colour = PALETTE[rank % len(PALETTE)]
            plot.add_trace(_line(run, curves_by_run[run.id], smooth, colour, shown=True))
    plot.update_layout(showlegend=True)
    return plot


def terminations(plot_data: PlotData, key: str | None) -> Figure:
    """Draw the runs that were ended early, and where they ended, above all others."""
    name = plot_data.key(key)
    pruned = plot_data.pruned_runs()
    if not pruned:
        raise SweepStateError(
            f"no run of sweep {plot_data.sweep.name} was ended early: early_terminate in the "
            "config lets hyperband do so"
        )
    runs = _logged(plot_data, name)
    ended = downsample([run for run in pruned if run.id in runs], MOST // 2)
    others = downsample(
        [run for run in runs.values() if run.state is not RunState.PRUNED], MOST // 2
    )
    curves_by_run = _read(plot_data, name, [*others, *ended], "step")
    plot = figure(
        f"{label(name)}: ended early",
        f"{len(pruned)} of {len(plot_data.runs)} runs ended early, where the dots are",
        x=_axis_title("step"),
        y=label(name),
    )
    for run in others:
        if run.id in curves_by_run:
            plot.add_trace(_line(run, curves_by_run[run.id], 0, FAINT, shown=False))
    last: list[tuple[RunRecord, float, float]] = []
    for run in ended:
        if run.id in curves_by_run:
            x, y = curves_by_run[run.id]
            line = _line(run, (x, y), 0, STATES[RunState.PRUNED], shown=False)
            line.update(opacity=0.7, line={"width": 1.5})
            plot.add_trace(line)
            last.append((run, x[-1], y[-1]))
    plot.add_trace(
        go.Scatter(
            x=[x for _, x, _ in last],
            y=[y for _, _, y in last],
            text=[f"{run_label(run)}: {label(run.cause)}" for run, _, _ in last],
            mode="markers",
            marker={"color": STATES[RunState.PRUNED], "size": 7},
            name="ended early",
            showlegend=True,
            hovertemplate="%{text}<br>step %{x}: %{y}<extra></extra>",
        )
    )
    return plot


def smoothed(x: Floats, y: Floats, amount: float) -> Floats:
    """Return W&B's time-weighted average, as in the panel; `amount` is from 0 to below 1."""
    span = float(x[-1] - x[0]) if len(x) else 0.0
    if amount <= 0 or span <= 0:
        return y
    fading = min(math.sqrt(amount), 0.999)
    averages, total, weights, previous = np.full(len(y), np.nan), 0.0, 0.0, float(x[0])
    for index, value in enumerate(y):
        if not math.isnan(value):
            keep = fading ** ((float(x[index]) - previous) / span * WIDTH)
            previous = float(x[index])
            total, weights = total * keep + value, weights * keep + 1
            averages[index] = total / weights
    return averages


def _logged(plot_data: PlotData, key: str) -> dict[RunId, RunRecord]:
    logged = set(plot_data.reader.runs_with_key(key))
    runs = {run.id: run for run in plot_data.runs if run.id in logged}
    if not runs:
        keys = ", ".join(plot_data.reader.keys()[:12]) or "nothing yet"
        raise SweepError(
            f"no run of sweep {plot_data.sweep.name} logged {key!r}: they logged {keys}"
        )
    return runs


def _read(
    plot_data: PlotData, key: str, runs: Sequence[RunRecord], axis: str
) -> dict[RunId, tuple[Floats, Floats]]:
    points = max(COARSEST, min(FINEST, NUMBERS // max(len(runs), 1)))
    ids = [run.id for run in runs]
    is_timed = axis == "time"
    curves_by_run = plot_data.reader.history([key], ids, points=points, times=is_timed)
    start_times = plot_data.reader.start_times(ids) if is_timed else {}
    return {
        run: _points(curves[key], start_times.get(run)) for run, curves in curves_by_run.items()
    }


def _points(curve: Curve, started: float | None) -> tuple[Floats, Floats]:
    """Return a curve as one line: a bucket becomes its lowest and its highest value."""
    x = curve.steps.astype(np.float64)
    if started is not None and curve.times is not None:
        x = np.round(curve.times - started, 3)
    if curve.is_exact:
        return x, curve.lows
    return np.repeat(x, 2), np.column_stack((curve.lows, curve.highs)).ravel()


def _line(
    run: RunRecord, points: tuple[Floats, Floats], smooth: float, colour: str, *, shown: bool
) -> go.Scatter:
    x, y = points
    is_single_point = len(x) == 1
    return go.Scatter(
        x=_whole(x),
        y=smoothed(x, y, smooth),
        name=run_label(run),
        mode="markers" if is_single_point else "lines",
        line={"color": colour, "width": 2.5 if shown else 1},
        marker={"color": colour},
        showlegend=shown,
        hovertemplate="%{x}: %{y:.5g}<extra>%{fullData.name}</extra>",
    )


def _band(plot: Figure, lines: list[tuple[Floats, Floats]], smooth: float) -> None:
    """Draw the median of all runs, and the band that contains 80 percent of them."""
    low = min(x[0] for x, _ in lines)
    high = max(x[-1] for x, _ in lines)
    grid = np.linspace(low, high, BAND_POINTS)
    rows = np.array(
        [np.interp(grid, x, smoothed(x, y, smooth), left=np.nan, right=np.nan) for x, y in lines]
    )
    has_values = np.isfinite(rows).sum(axis=0) > 1
    ten, middle, ninety = np.nanquantile(rows[:, has_values], (0.1, 0.5, 0.9), axis=0)
    common: Mapping[str, Any] = {"x": grid[has_values], "mode": "lines", "hoverinfo": "skip"}
    plot.add_trace(go.Scatter(**common, y=ten, line={"width": 0}, showlegend=False))
    plot.add_trace(
        go.Scatter(
            **common,
            y=ninety,
            fill="tonexty",
            fillcolor="rgba(86,180,233,0.3)",
            line={"width": 0},
            name="8 of 10 runs",
        )
    )
    plot.add_trace(
        go.Scatter(**common, y=middle, line={"color": "#0072b2", "dash": "dash"}, name="median")
    )


def _whole(x: Floats) -> list[int] | Floats:
    return x.astype(np.int64).tolist() if bool(np.all(x == np.round(x))) else x


def _axis_title(axis: str) -> str:
    if axis not in ("step", "time"):
        raise SweepError(f"axis must be 'step' or 'time', and is {axis!r}")
    return "step" if axis == "step" else "seconds since the run's start"


def _note(shown: int, total: int, smooth: float) -> str:
    runs = f"{total} runs" if shown == total else f"{shown} of {total:,} runs"
    return f"{runs}, smoothed by {smooth:g}" if smooth else runs
