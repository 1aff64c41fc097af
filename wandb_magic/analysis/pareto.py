"""Which runs of a sweep count, with several objectives or with constraints, and which are best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wandb_magic.analysis.hypervolume import (
    Floats,
    default_reference,
    hypervolumes,
    is_on_front,
    signed,
)
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.nonfinite import finite_or_none
from wandb_magic.records import (
    Constraint,
    Metric,
    RunRecord,
    RunState,
    SweepRecord,
    flatten_keys,
    sweep_constraints,
    sweep_metrics,
)
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd

STATES = (RunState.FINISHED, RunState.PRUNED, RunState.STOPPED)
"""Runs that failed or were lost are not the best, whatever they have logged."""
MIN_OBJECTIVES = 2


@dataclass(frozen=True)
class Objectives:
    """What a sweep optimises, and what its runs must keep to."""

    metrics: tuple[Metric, ...]
    constraints: tuple[Constraint, ...]

    @classmethod
    def of(cls, sweep: SweepRecord) -> Objectives:
        """Return those of a sweep."""
        return cls(sweep_metrics(sweep), sweep_constraints(sweep))

    @property
    def are_several(self) -> bool:
        """Whether there are several objectives, so that no run need be the best in all."""
        return len(self.metrics) >= MIN_OBJECTIVES

    @property
    def signs(self) -> tuple[int, ...]:
        """For each objective, 1 if less is better, else -1."""
        return tuple(-1 if metric.maximize else 1 for metric in self.metrics)

    @property
    def names(self) -> str:
        """The names of the objectives, for people."""
        *others, last = (metric.name for metric in self.metrics)
        return f"{', '.join(others)} and {last}" if others else last

    def is_feasible(self, run: RunRecord, summary: Mapping[str, Any]) -> bool:
        """Return whether a run has succeeded and keeps to all constraints."""
        return run.state in STATES and all(
            (value := _number(summary, constraint.name)) is not None
            and constraint.violation(value) <= 0
            for constraint in self.constraints
        )

    def values(self, summary: Mapping[str, Any]) -> tuple[float, ...] | None:
        """Return a run's value of each of several objectives; None unless it has all of them."""
        values = [_number(summary, metric.name) for metric in self.metrics]
        present = [value for value in values if value is not None]
        return tuple(present) if len(present) == len(values) else None


def _number(summary: Mapping[str, Any], key: str) -> float | None:
    value = summary.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return finite_or_none(float(value))


@dataclass(frozen=True)
class FrontHistory:
    """The runs that could be on the front, in order of their numbers.

    Attributes
    ----------
    objectives
        The sweep's.
    runs
        Those that keep to all constraints and have all values.
    values
        One row for each run, one column for each objective.
    """

    objectives: Objectives
    runs: list[RunRecord]
    values: Floats

    @property
    def points(self) -> Floats:
        """The values, all to be minimised."""
        points: Floats = self.values * np.array(self.objectives.signs)
        return points

    @property
    def on_front(self) -> list[bool]:
        """Whether each run is on the front: no other one is as good in all and better in one."""
        return [bool(each) for each in is_on_front(self.points)] if self.runs else []

    def front(self) -> list[RunRecord]:
        """Return the runs on the front, the best in the first objective first."""
        places = [index for index, on_front in enumerate(self.on_front) if on_front]
        return [self.runs[at] for at in sorted(places, key=lambda at: tuple(self.points[at]))]

    def reference(self, given: Mapping[str, float] | None) -> Floats:
        """Return the point from which the hypervolume is measured, all to be minimised.

        Raises
        ------
        SweepError
            If the one that is given does not name each objective.
        """
        if given is None:
            return default_reference(self.points)
        names = [metric.name for metric in self.objectives.metrics]
        if set(given) != set(names):
            raise SweepError(
                f"reference: must have a value for each of {self.objectives.names}, and no other"
            )
        point: Floats = signed([[given[name] for name in names]], self.objectives.signs)[0]
        return point


def front_history(reader: StoreReader) -> FrontHistory:
    """Return the runs of a sweep that could be on its front.

    Raises
    ------
    SweepStateError
        If the sweep has fewer than two objectives.
    """
    sweep = reader.sweep()
    objectives = Objectives.of(sweep)
    if not objectives.are_several:
        raise SweepStateError(
            f"sweep {sweep.id} has no front, because it does not have several metrics: "
            "best() returns its best run"
        )
    runs, summaries = reader.runs(states=STATES), reader.summaries()
    pairs: list[tuple[RunRecord, tuple[float, ...]]] = []
    for run in runs:
        summary = flatten_keys(summaries.get(run.id, {}))
        values = objectives.values(summary)
        if values is not None and objectives.is_feasible(run, summary):
            pairs.append((run, values))
    table = np.array([values for _, values in pairs]).reshape(-1, len(objectives.metrics))
    return FrontHistory(objectives, [run for run, _ in pairs], table)


def front_frame(reader: StoreReader) -> pd.DataFrame:
    """Return one row for each run on the front; see `SweepReader.pareto`."""
    from wandb_magic.analysis import frames  # noqa: PLC0415 - imports pandas

    front = front_history(reader).front()
    frame: pd.DataFrame = frames.runs(reader).loc[[str(run.id) for run in front]]
    return frame


def hypervolume_frame(
    reader: StoreReader, reference: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return the hypervolume after each run; see `SweepReader.hypervolume`."""
    import pandas as pd  # noqa: PLC0415 - a second to import

    from wandb_magic.analysis.columns import index_of  # noqa: PLC0415 - as above

    history = front_history(reader)
    if not history.runs:
        raise SweepStateError(
            f"no run has a value of {history.objectives.names} and keeps to the constraints yet"
        )
    ordered = sorted(range(len(history.runs)), key=lambda at: history.runs[at].ended or 0.0)
    runs = [history.runs[at] for at in ordered]
    ends = [run.ended or run.created for run in runs]
    point = history.reference(reference)
    volumes = hypervolumes(history.points[ordered], point)
    frame: pd.DataFrame = pd.DataFrame(
        {
            "number": pd.array([run.number for run in runs], dtype="Int64"),
            "ended": pd.to_datetime(np.array(ends), unit="s", utc=True),
            "hypervolume": pd.array(volumes, dtype="float64"),
        },
        index=index_of([run.id for run in runs]),
    )
    frame.attrs["reference"] = dict(
        zip(
            (metric.name for metric in history.objectives.metrics),
            (point * np.array(history.objectives.signs)).tolist(),
            strict=True,
        )
    )
    return frame


def first_feasible(
    runs: Sequence[RunRecord], objectives: Objectives, reader: StoreReader, count: int
) -> list[RunRecord]:
    """Return the first `count` of `runs` that keep to all constraints."""
    found: list[RunRecord] = []
    step = max(count, 20)
    for begin in range(0, len(runs), step):
        part = runs[begin : begin + step]
        summaries = reader.summaries([run.id for run in part])
        found += [
            run
            for run in part
            if objectives.is_feasible(run, flatten_keys(summaries.get(run.id, {})))
        ]
        if len(found) >= count:
            break
    return found[:count]
