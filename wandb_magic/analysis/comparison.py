"""Compares sweeps: their results, the differences of their configs, and their progress.

Only sweeps with the same objective are compared: values of different objectives are not
comparable.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from wandb_magic.analysis.columns import column
from wandb_magic.analysis.ranking import best_so_far
from wandb_magic.errors import SweepStateError
from wandb_magic.records import (
    RunRecord,
    RunState,
    SweepRecord,
    flatten_keys,
    sweep_metric,
    sweep_metrics,
)
from wandb_magic.spec.fields import canonical
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd

STATES = tuple(state for state in RunState if state.has_ended)
_UNREPORTED_KEYS = frozenset({"name", "description", "project", "entity", "run_cap"})


@dataclass(frozen=True, repr=False)
class Comparison:
    """Sweeps side by side.

    Attributes
    ----------
    table
        One row per sweep, by its name: ``id``, ``runs``, how many of them are in each final state,
        the ``best`` value with the number of its run (``best_run``), the ``median``,
        ``time_to_best``, ``duration`` (from the start of the sweep to the end of its last run) and
        ``run_time`` (of all runs together); all times in seconds.
    differences
        One row for each key of the config and of the sweep's options in which they differ; one
        column per sweep, None where a sweep does not have the key.
    progress
        The best value so far by run number; one column per sweep.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    progress: pd.DataFrame

    def __repr__(self) -> str:
        return f"{self.table.T.to_string()}\n\n{self._text()}"

    def _repr_html_(self) -> str:
        return f"{self.table.T.to_html()}\n{self.differences.to_html()}"

    def _text(self) -> str:
        if self.differences.empty:
            return "the configs are the same"
        return self.differences.to_string()


def compare(readers: Sequence[StoreReader]) -> Comparison:
    """Return the comparison; see `Sweep.compare`.

    Raises
    ------
    SweepStateError
        If they do not all have the same metric and goal.
    """
    import pandas as pd  # noqa: PLC0415 - a second to import

    sweeps = [reader.sweep() for reader in readers]
    maximize = _goal(sweeps)
    names = _names(sweeps)
    runs = [reader.runs() for reader in readers]
    rows = [
        _row(sweep, of_sweep, maximize=maximize)
        for sweep, of_sweep in zip(sweeps, runs, strict=True)
    ]
    index: pd.Index[str] = pd.Index(names, name="sweep", dtype=object)
    table = pd.DataFrame(
        {key: column([row[key] for row in rows]) for key in rows[0]}, index=index
    ).astype(dict.fromkeys(("best", "median", "time_to_best", "duration", "run_time"), "float64"))
    progress = {
        name: pd.Series(_progress(of_sweep, maximize=maximize), dtype="float64")
        for name, of_sweep in zip(names, runs, strict=True)
    }
    return Comparison(
        table.astype({"best_run": "Int64"}),
        _differences(names, sweeps),
        pd.DataFrame(progress).sort_index().rename_axis("number"),
    )


def _goal(sweeps: Sequence[SweepRecord]) -> bool:
    metrics = [sweep_metric(sweep) for sweep in sweeps]
    for sweep, metric in zip(sweeps, metrics, strict=True):
        if metric is None:
            raise SweepStateError(f"sweep {sweep.id} has no metric by which it can be compared")
        if len(sweep_metrics(sweep)) > 1:
            raise SweepStateError(
                f"sweep {sweep.id} has several objectives, and no best run to compare: compare "
                "hypervolume() from one reference"
            )
    goals = {
        (metric.name, metric.maximize): sweep.id
        for sweep, metric in zip(sweeps, metrics, strict=True)
        if metric is not None
    }
    if len(goals) > 1:
        objectives = " and ".join(
            f"{sweep} is to {'maximize' if maximize else 'minimize'} {name}"
            for (name, maximize), sweep in goals.items()
        )
        raise SweepStateError(f"these sweeps have different objectives: {objectives}")
    ((_, maximize),) = goals
    return maximize


def _names(sweeps: Sequence[SweepRecord]) -> list[str]:
    counts = Counter(sweep.name for sweep in sweeps)
    return [
        sweep.name if counts[sweep.name] == 1 else f"{sweep.name} ({sweep.id})" for sweep in sweeps
    ]


def _row(sweep: SweepRecord, runs: Sequence[RunRecord], *, maximize: bool) -> dict[str, Any]:
    counts = Counter(run.state for run in runs)
    valued = [run for run in runs if run.value is not None]
    best = (max if maximize else min)(valued, key=_value) if valued else None
    ends = [run.ended for run in runs if run.ended is not None]
    started = sweep.started
    return {
        "id": sweep.id,
        "runs": len(runs),
        **{state.value: counts[state] for state in STATES},
        "best": None if best is None else best.value,
        "best_run": None if best is None else best.number,
        "median": median(map(_value, valued)) if valued else None,
        "time_to_best": None if best is None else _between(started, best.ended),
        "duration": _between(started, max(ends, default=None)),
        "run_time": math.fsum(_between(run.started, run.ended) or 0.0 for run in runs),
    }


def _value(run: RunRecord) -> float:
    assert run.value is not None
    return run.value


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else end - start


def _progress(runs: Sequence[RunRecord], *, maximize: bool) -> dict[int, float]:
    """Return the best value up to each number; further attempts count for the same number."""
    bests = best_so_far((run.value for run in runs), maximize=maximize)
    # Of several attempts, the last one in order has what all of them have reached.
    return {
        run.number: math.nan if best is None else best
        for run, best in zip(runs, bests, strict=True)
    }


def _differences(names: Sequence[str], sweeps: Sequence[SweepRecord]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - as above

    facts = [_sweep_facts(sweep) for sweep in sweeps]
    keys = list(dict.fromkeys(key for each in facts for key in each))
    differing = [
        key
        for key in keys
        if len({canonical(each[key]) if key in each else "" for each in facts}) > 1
    ]
    columns = {
        name: pd.Series([each.get(key) for key in differing], dtype=object)
        for name, each in zip(names, facts, strict=True)
    }
    frame: pd.DataFrame = pd.DataFrame(columns, columns=list(names))
    frame.index = pd.Index(differing, name="key", dtype=object)
    return frame


def _sweep_facts(sweep: SweepRecord) -> Mapping[str, Any]:
    """Return what may explain different results, by dotted key."""
    spec = {key: value for key, value in sweep.spec.items() if key not in _UNREPORTED_KEYS}
    return flatten_keys(spec) | {
        "mode": sweep.mode,
        "agents": sweep.agents,
        "seed": sweep.options.seed,
        "sampler": sweep.options.sampler,
        "priors": len(sweep.options.priors),
    }
