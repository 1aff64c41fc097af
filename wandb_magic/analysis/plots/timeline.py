"""Draws when runs were executed, how long each took, and what it cost."""

from __future__ import annotations

import math
import time

import plotly.graph_objects as go

from wandb_magic.analysis.mpl import Figure
from wandb_magic.analysis.plots.plot_data import PlotData, downsample
from wandb_magic.analysis.plots.style import PALETTE, STATES, figure, label, run_label
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.records import NO_AGENT, RunRecord, RunState

MOST = 2000  # bars in a timeline
FEW = 200  # up to so many runs are drawn individually
HOUR = 3600.0
_UNITS = ((48 * HOUR, 24 * HOUR, "days"), (3 * HOUR, HOUR, "hours"), (180.0, 60.0, "minutes"))


def unit(span: float) -> tuple[float, str]:
    """Return the unit in which to express a span of seconds: its seconds, and its name."""
    return next(((size, name) for least, size, name in _UNITS if span >= least), (1.0, "seconds"))


def timeline(plot_data: PlotData) -> Figure:
    """Draw when each agent executed which run."""
    runs = [run for run in plot_data.runs if run.started is not None and run.agent != NO_AGENT]
    if not runs:
        raise SweepStateError(f"no run of sweep {plot_data.sweep.name} has started yet")
    now = time.time()
    started = plot_data.began
    scale, word = unit(max(_end(run, now) for run in runs) - started)
    shown = downsample(runs, MOST)
    note = (
        f"{len(runs)} runs" if len(shown) == len(runs) else f"{len(shown)} of {len(runs):,} runs"
    )
    plot = figure(
        "Runs by agent", note, x=f"{word} since the sweep's start", barmode="overlay", bargap=0.3
    )
    agents = sorted({run.agent for run in shown}, reverse=True)
    plot.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=[f"agent {agent}" for agent in agents],
        showgrid=False,
    )
    for state in RunState:
        state_runs = [run for run in shown if run.state is state]
        if state_runs:
            plot.add_trace(
                go.Bar(
                    orientation="h",
                    y=[f"agent {run.agent}" for run in state_runs],
                    base=[((run.started or started) - started) / scale for run in state_runs],
                    x=[(_end(run, now) - (run.started or now)) / scale for run in state_runs],
                    text=[_duration_label(run, now) for run in state_runs],
                    textposition="none",
                    marker={
                        "color": STATES[state],
                        "line": {"color": "rgba(255,255,255,0.8)", "width": 0.7},
                    },
                    name=state.value,
                    showlegend=True,
                    hovertemplate="%{text}<extra></extra>",
                )
            )
    return plot


def costs(plot_data: PlotData, price: float | None, currency: str) -> Figure:
    """Draw how long each run took, or what it cost at a price per hour."""
    if price is not None and not (math.isfinite(price) and price >= 0):
        raise SweepError(f"price must be a number from 0, for one hour of a run, and is {price!r}")
    runs = [run for run in plot_data.runs if run.started is not None and run.ended is not None]
    if not runs:
        raise SweepStateError(f"no run of sweep {plot_data.sweep.name} has ended yet")
    durations = [(run.ended or 0.0) - (run.started or 0.0) for run in runs]
    total = sum(durations)
    scale, word = unit(max(durations))
    note = f"{_number(total, *unit(total))} in all, {len(runs)} runs"
    if price is None:
        title, y, sizes = "Duration of each run", word, [seconds / scale for seconds in durations]
    else:
        money = label(currency)
        title, y = "Cost of each run", f"cost, {money}" if money else "cost"
        sizes = [seconds / HOUR * price for seconds in durations]
        note += f" · {sum(sizes):.2f} {money} at {price:g} {money} an hour".replace("  ", " ")
    if len(runs) > FEW:
        plot = figure(title, note, x=y, y="runs")
        plot.add_trace(go.Histogram(x=sizes, marker={"color": PALETTE[0]}, nbinsx=40))
        return plot
    plot = figure(title, note, x="run", y=y, barmode="overlay")
    for state in RunState:
        indices = [index for index, run in enumerate(runs) if run.state is state]
        if indices:
            plot.add_trace(
                go.Bar(
                    x=[_agent_label(runs[index]) for index in indices],
                    y=[sizes[index] for index in indices],
                    text=[_duration_label(runs[index], 0.0) for index in indices],
                    textposition="none",
                    marker={"color": STATES[state]},
                    name=state.value,
                    showlegend=True,
                    hovertemplate="%{text}: %{y:.4g}<extra></extra>",
                )
            )
    plot.update_xaxes(
        type="category", categoryorder="array", categoryarray=[_agent_label(run) for run in runs]
    )
    return plot


def _agent_label(run: RunRecord) -> str:
    return f"{run.number}.{run.attempt}" if run.attempt else str(run.number)


def _end(run: RunRecord, now: float) -> float:
    return now if run.ended is None else run.ended


def _duration_label(run: RunRecord, now: float) -> str:
    duration = _end(run, now) - (run.started or now)
    cause = f"<br>{label(run.cause)}" if run.cause else ""
    return f"{run_label(run)}, {run.state.value}, {_number(duration, *unit(duration))}{cause}"


def _number(seconds: float, scale: float, word: str) -> str:
    return f"{seconds / scale:.3g} {word}"
