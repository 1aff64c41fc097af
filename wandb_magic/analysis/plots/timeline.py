"""When runs were executed, how long each took, and what it cost."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wandb_magic.analysis.plots.axis import Axis
from wandb_magic.analysis.plots.bar_chart import BarChart, Bars, HistogramChart
from wandb_magic.analysis.plots.chart import Chart
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.style import PALETTE, STATES, flat, run_count, run_label
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.records import NO_AGENT, RunRecord, RunState

MOST = 1000  # runs in a timeline, each of which has its own bar
PIXELS = 1000  # about as wide as a timeline: shorter pauses would not be seen
FEW = 200  # up to so many runs are drawn individually
BINS = 40  # about so many intervals otherwise
HOUR = 3600.0
_UNITS = ((48 * HOUR, 24 * HOUR, "days"), (3 * HOUR, HOUR, "hours"), (180.0, 60.0, "minutes"))


@dataclass(frozen=True)
class _Span:
    """When an agent executed a run, or `count` runs that ended alike; in seconds."""

    state: RunState
    agent: int
    start: float
    end: float
    text: str
    count: int = 1


def unit(span: float) -> tuple[float, str]:
    """Return the unit in which to express a span of seconds: its seconds, and its name."""
    return next(((size, name) for least, size, name in _UNITS if span >= least), (1.0, "seconds"))


def timeline(plot_data: PlotData) -> Chart:
    """Return the chart of when each agent executed which run."""
    runs = [run for run in plot_data.runs if run.started is not None and run.agent != NO_AGENT]
    if not runs:
        raise SweepStateError(f"no run of sweep {plot_data.sweep.name} has started yet")
    now = time.time()
    began = plot_data.began
    spans = _spans(runs, now)
    scale, word = unit(max(span.end for span in spans) - began)
    joined = "" if len(spans) == len(runs) else "; runs that follow each other are one bar"
    agents = sorted({span.agent for span in spans}, reverse=True)
    return BarChart(
        title="Runs by agent",
        note=f"{run_count(len(runs))}{joined}",
        x=Axis(f"{word} since the sweep's start"),
        y=Axis("", categories=tuple(f"agent {agent}" for agent in agents)),
        bars=_bars(
            [span.state for span in spans],
            [agents.index(span.agent) for span in spans],
            [(span.start - began) / scale for span in spans],
            [(span.end - span.start) / scale for span in spans],
            [span.text for span in spans],
        ),
    )


def _spans(runs: Sequence[RunRecord], now: float) -> list[_Span]:
    """Return the spans of all runs.

    If there are many, those that ended alike are joined where the agent paused only briefly. None
    is left out: an agent would seem to have paused.
    """
    spans = [
        _Span(run.state, run.agent, run.started or now, _end(run, now), _duration_label(run, now))
        for run in runs
    ]
    if len(spans) <= MOST:
        return spans
    pause = (max(span.end for span in spans) - min(span.start for span in spans)) / PIXELS
    return _joined(spans, pause)


def _joined(spans: list[_Span], pause: float) -> list[_Span]:
    joined: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.agent, span.start)):
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.state, last.agent) == (span.state, span.agent)
            and span.start - last.end <= pause
        ):
            count = last.count + span.count
            text = f"{count} runs, {span.state.value}"
            joined[-1] = replace(last, end=max(last.end, span.end), text=text, count=count)
        else:
            joined.append(span)
    return joined


def costs(plot_data: PlotData, price: float | None, currency: str) -> Chart:
    """Return the chart of how long each run took, or what it cost at a price per hour."""
    if price is not None and not (math.isfinite(price) and price >= 0):
        raise SweepError(f"price must be a number from 0, for one hour of a run, and is {price!r}")
    runs = [run for run in plot_data.runs if run.started is not None and run.ended is not None]
    if not runs:
        raise SweepStateError(f"no run of sweep {plot_data.sweep.name} has ended yet")
    durations = [(run.ended or 0.0) - (run.started or 0.0) for run in runs]
    total = sum(durations)
    scale, word = unit(max(durations))
    note = f"{_number(total, *unit(total))} in all, {run_count(len(runs))}"
    if price is None:
        title, y, sizes = "Duration of each run", word, [seconds / scale for seconds in durations]
    else:
        money = flat(currency)
        title, y = "Cost of each run", f"cost, {money}" if money else "cost"
        sizes = [seconds / HOUR * price for seconds in durations]
        note += f" · {sum(sizes):.2f} {money} at {price:g} {money} an hour".replace("  ", " ")
    if len(runs) > FEW:
        values = np.array(sizes)
        return HistogramChart(
            title=title,
            note=note,
            x=Axis(y),
            values=values,
            edges=_edges(values),
            color=PALETTE[0],
        )
    return BarChart(
        title=title,
        note=note,
        x=Axis("run", categories=tuple(map(_number_label, runs))),
        y=Axis(y),
        bars=_bars(
            [run.state for run in runs],
            range(len(runs)),
            [0.0] * len(runs),
            sizes,
            [_duration_label(run, 0.0) for run in runs],
        ),
    )


def _bars(
    states: Sequence[RunState],
    places: Sequence[int],
    starts: Sequence[float],
    lengths: Sequence[float],
    texts: Sequence[str],
) -> tuple[Bars, ...]:
    """Return bars in the colours of their states."""
    groups = {
        state: [index for index, each in enumerate(states) if each is state] for state in RunState
    }
    return tuple(
        Bars(
            state.value,
            STATES[state],
            np.array([float(places[index]) for index in indices]),
            np.array([starts[index] for index in indices]),
            np.array([lengths[index] for index in indices]),
            tuple(texts[index] for index in indices),
        )
        for state, indices in groups.items()
        if indices
    )


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the edges of about `BINS` equal intervals that cover all values."""
    low, high = float(values.min()), float(values.max())
    least = (high - low) / BINS or abs(high) / BINS or 1.0
    power = 10.0 ** math.floor(math.log10(least))
    size = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least)
    first, last = math.floor(low / size - 1e-9), math.floor(high / size) + 1
    return np.arange(first, last + 1, dtype=np.float64) * size


def _number_label(run: RunRecord) -> str:
    return f"{run.number}.{run.attempt}" if run.attempt else str(run.number)


def _end(run: RunRecord, now: float) -> float:
    return now if run.ended is None else run.ended


def _duration_label(run: RunRecord, now: float) -> str:
    duration = _end(run, now) - (run.started or now)
    cause = f"\n{flat(run.cause)}" if run.cause else ""
    return f"{run_label(run)}, {run.state.value}, {_number(duration, *unit(duration))}{cause}"


def _number(seconds: float, scale: float, word: str) -> str:
    return f"{seconds / scale:.3g} {word}"
