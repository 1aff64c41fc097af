"""What runs logged over their steps: all runs, and those that were ended early."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.line_chart import Band, LineChart, Series
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.style import (
    FAINT,
    GREY,
    MANY,
    PALETTE,
    STATES,
    STRONG,
    flat,
    run_count,
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


def curves(
    plot_data: PlotData,
    key: str | None,
    *,
    best: int,
    smooth: float,
    band: bool,
    axis: str,
    log: bool,
) -> Chart:
    """Return the chart of one metric of all runs, the best in colour."""
    name, x_axis = plot_data.key(key), _x_axis(axis)
    runs = _logged(plot_data, name)
    ranked = [run for run in plot_data.ranked_runs() if run.id in runs][:best]
    best_ids = {run.id for run in ranked}
    others = downsample([run for run in runs.values() if run.id not in best_ids], MOST)
    curves_by_run = _read(plot_data, name, [*others, *ranked], axis)
    drawn = [run for run in [*others, *reversed(ranked)] if run.id in curves_by_run]
    colors = {run.id: PALETTE[rank % len(PALETTE)] for rank, run in enumerate(ranked)}
    if not ranked and len(others) <= len(PALETTE):
        colors = {run.id: color for run, color in zip(others, PALETTE, strict=False)}
    is_banded = band and len(curves_by_run) > 2  # noqa: PLR2004 - two have no median
    background = FAINT if len(others) > MANY or band else STRONG
    series = [
        _line(run, curves_by_run[run.id], smooth, colors.get(run.id), background) for run in drawn
    ]
    area = None
    if is_banded:
        area, median = _band(list(curves_by_run.values()), smooth)
        series.insert(0, median)
    return LineChart(
        title=flat(name),
        note=_note(len(others) + len(ranked), len(runs), smooth),
        x=x_axis,
        y=Axis(flat(name), log=log),
        series=tuple(series),
        band=area,
    )


def terminations(plot_data: PlotData, key: str | None) -> Chart:
    """Return the chart of the runs that were ended early, and where, above all others."""
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
    lines = [run for run in others if run.id in curves_by_run]
    series = [_line(run, curves_by_run[run.id], 0, None, FAINT) for run in lines]
    ended = [run for run in ended if run.id in curves_by_run]
    color = STATES[RunState.PRUNED]
    for run in ended:
        line = _line(run, curves_by_run[run.id], 0, color, 0.7)
        series.append(replace(line, size=1.5, alpha=0.7, in_legend=False))
    last = [(float(x[-1]), float(y[-1])) for x, y in (curves_by_run[run.id] for run in ended)]
    ends = Series(
        "ended early",
        color,
        np.array([x for x, _ in last]),
        np.array([y for _, y in last]),
        style="points",
        size=7,
        tooltips=tuple(
            f"{run_label(run)}: {flat(run.cause)}\nstep {x:g}"
            for run, (x, _) in zip(ended, last, strict=True)
        ),
    )
    return LineChart(
        title=f"{flat(name)}: ended early",
        note=f"{len(pruned)} of {run_count(len(plot_data.runs))} ended early, where the dots are",
        x=_x_axis("step"),
        y=Axis(flat(name)),
        series=(*series, ends),
    )


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
    run: RunRecord, points: tuple[Floats, Floats], smooth: float, color: str | None, alpha: float
) -> Series:
    """Return a run's curve: in its colour, or with `alpha` in the background."""
    x, y = points
    smooth_y = smoothed(x, y, smooth)
    if color is None:
        return Series(run_label(run), GREY, x, smooth_y, alpha=alpha, in_legend=False)
    return Series(run_label(run), color, x, smooth_y, size=2.5)


def _band(lines: list[tuple[Floats, Floats]], smooth: float) -> tuple[Band, Series]:
    """Return the band that contains 80 percent of all runs, and their median."""
    low = min(x[0] for x, _ in lines)
    high = max(x[-1] for x, _ in lines)
    grid = np.linspace(low, high, BAND_POINTS)
    rows = np.array(
        [np.interp(grid, x, smoothed(x, y, smooth), left=np.nan, right=np.nan) for x, y in lines]
    )
    has_values = np.isfinite(rows).sum(axis=0) > 1
    ten, middle, ninety = np.nanquantile(rows[:, has_values], (0.1, 0.5, 0.9), axis=0)
    band = Band("8 of 10 runs", PALETTE[5], grid[has_values], ten, ninety)
    return band, Series("median", PALETTE[0], grid[has_values], middle, style="dashes", size=2)


def _x_axis(axis: str) -> Axis:
    if axis not in ("step", "time"):
        raise SweepError(f"axis must be 'step' or 'time', and is {axis!r}")
    return Axis("step", whole=True) if axis == "step" else Axis("seconds since the run's start")


def _note(shown: int, total: int, smooth: float) -> str:
    runs = run_count(total) if shown == total else f"{shown} of {total:,} runs"
    return f"{runs}, smoothed by {smooth:g}" if smooth else runs
