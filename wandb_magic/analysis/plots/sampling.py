"""Chooses the runs to draw over their parameters, and the values to draw."""

from __future__ import annotations

from collections.abc import Sequence

from wandb_magic.analysis._downsample import downsample
from wandb_magic.analysis.plots.plot_data import PlotData
from wandb_magic.analysis.plots.style import run_count
from wandb_magic.records import RunRecord

MOST = 1000  # runs in one plot


def sample(plot_data: PlotData, key: str | None) -> tuple[str, list[RunRecord], list[float]]:
    """Return the runs to draw: always including the best, however many there are."""
    name, runs, values = plot_data.runs_with_value(key)
    if len(runs) <= MOST:
        return name, runs, values
    ranked = sorted(range(len(runs)), key=lambda at: values[at], reverse=plot_data.maximize(name))
    best = ranked[: MOST // 10]
    indices = sorted({*best, *downsample(range(len(runs)), MOST - len(best))})
    return name, [runs[at] for at in indices], [values[at] for at in indices]


def sample_note(plot_data: PlotData, runs: Sequence[RunRecord], key: str) -> str:
    """Return a text on how many runs are drawn, and of how many."""
    _, valued, _ = plot_data.runs_with_value(key)
    total = len(valued)
    return run_count(total) if len(runs) == total else f"{len(runs):,} of {total:,} runs"
