"""The data of plots: a sweep's runs, values and parameters, read once for each plot."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wandb_magic.analysis.comparable_runs import comparable_runs
from wandb_magic.analysis.importance import BETTER, DEFAULT, Importances, importance
from wandb_magic.analysis.pareto import Objectives, front_history
from wandb_magic.analysis.plots.axis import LONGEST_NAME, LONGEST_TITLE, Axis
from wandb_magic.analysis.plots.style import flat
from wandb_magic.errors import SweepError, SweepStateError
from wandb_magic.records import Metric, RunId, RunRecord, RunState, flatten_keys, sweep_metric
from wandb_magic.store import StoreReader

Floats = NDArray[np.float64]
NUMERIC_LOG = ("log_uniform", "log_normal")


@dataclass(frozen=True)
class Parameter:
    """One parameter of some runs.

    Attributes
    ----------
    name
        Its dotted name.
    values
        One value per run, None where it has none: numbers if `numeric`, else texts.
    numeric, log
        Whether all values are numbers, and whether the spec searches them on a log scale.
    """

    name: str
    values: tuple[Any, ...]
    numeric: bool
    log: bool

    @property
    def varies(self) -> bool:
        """Whether there is more than one value."""
        return len(set(self.values)) > 1

    @property
    def categories(self) -> tuple[str, ...]:
        """The different texts, in alphabetical order; empty for numbers."""
        if self.numeric:
            return ()
        return tuple(sorted({value for value in self.values if value is not None}))

    @property
    def positions(self) -> Floats:
        """Where each run lies along an axis: its number or the place of its category, else NaN."""
        places = {text: place for place, text in enumerate(self.categories)}
        return np.array(
            [
                np.nan if value is None else float(value) if self.numeric else places[value]
                for value in self.values
            ]
        )

    def axis(self, longest: int = LONGEST_NAME, longest_title: int = LONGEST_TITLE) -> Axis:
        """Return the axis along which the values lie, with how much of its texts is shown."""
        return Axis(
            flat(self.name),
            log=self.log,
            whole=self.numeric and all(isinstance(each, (int, NoneType)) for each in self.values),
            categories=tuple(map(flat, self.categories)),
            longest=longest,
            longest_title=longest_title,
        )


class PlotData:
    """A sweep's results in the form that plots need; created anew for each plot.

    Parameters
    ----------
    reader
        The reader of the sweep's store.
    """

    def __init__(self, reader: StoreReader) -> None:
        self.reader = reader
        self.sweep = reader.sweep()
        self.metric: Metric | None = sweep_metric(self.sweep)
        self._importances: dict[tuple[str, str, float], Importances] = {}

    @cached_property
    def runs(self) -> list[RunRecord]:
        """All runs in order of their numbers."""
        return self.reader.runs()

    @property
    def began(self) -> float:
        """The start of the sweep, in seconds since the epoch."""
        started = [run.started for run in self.runs if run.started is not None]
        return min(started, default=self.sweep.started or self.sweep.created)

    def key(self, requested: str | None) -> str:
        """Return the name of the metric: the objective unless another is requested.

        Raises
        ------
        SweepError
            If the sweep has none and none is requested.
        """
        if requested is not None:
            return requested
        if self.metric is None:
            raise SweepError("the sweep has no metric: name one, as in plot.curves('loss')")
        return self.metric.name

    def maximize(self, key: str) -> bool:
        """Return whether larger is better: only if the objective is to be maximized."""
        return self.metric is not None and self.metric.name == key and self.metric.maximize

    def runs_with_value(self, requested: str | None) -> tuple[str, list[RunRecord], list[float]]:
        """Return the metric's name, the runs that have a finite value of it, and these values.

        Raises
        ------
        SweepStateError
            If no run has such a value.
        """
        key = self.key(requested)
        values: Mapping[RunId, Any]
        if self.metric is not None and key == self.metric.name:
            values = {run.id: run.value for run in self.runs}
        else:
            summaries = self.reader.summaries()
            values = {run: flatten_keys(logged, "").get(key) for run, logged in summaries.items()}
        pairs = [
            (run, finite)
            for run in self.runs
            if (finite := _finite(values.get(run.id))) is not None
        ]
        if not pairs:
            raise SweepStateError(f"no run of sweep {self.sweep.name} has a value of {key!r} yet")
        return key, [run for run, _ in pairs], [value for _, value in pairs]

    def importances(
        self, requested: str | None, evaluator: str = DEFAULT, quantile: float = BETTER
    ) -> Importances:
        """Return how much each parameter matters, from the newest runs that did not fail."""
        from wandb_magic.analysis.study import silence_optuna  # noqa: PLC0415 - imports Optuna

        key, _, _ = self.runs_with_value(requested)
        settings = (key, evaluator, quantile)
        if settings not in self._importances:
            params, values = comparable_runs(self.reader, key)
            with silence_optuna():
                self._importances[settings] = importance(
                    params,
                    values,
                    maximize=self.maximize(key),
                    evaluator=evaluator,
                    quantile=quantile,
                )
        return self._importances[settings]

    def ranked_runs(self) -> list[RunRecord]:
        """Return the runs with a value of the objective, the best first.

        Those that break a constraint are left out. With several objectives, the runs on the front
        come first, each group by the first objective.
        """
        if self.metric is None:
            return []
        sign = -1.0 if self.metric.maximize else 1.0
        pairs = [
            (sign * run.value, run)  # type: ignore[operator] # finite
            for run in self.runs
            if _finite(run.value) is not None and self.is_feasible(run)
        ]
        ranked = [run for _, run in sorted(pairs, key=lambda pair: pair[0])]
        if not self.objectives.are_several:
            return ranked
        front = front_history(self.reader).front()
        ids = {run.id for run in front}
        return [*front, *(run for run in ranked if run.id not in ids)]

    @cached_property
    def objectives(self) -> Objectives:
        """All objectives, and the constraints."""
        return Objectives.of(self.sweep)

    def is_feasible(self, run: RunRecord) -> bool:
        """Return whether a run keeps to all constraints, if there are any."""
        if not self.objectives.constraints:
            return True
        return self.objectives.is_feasible(run, self._summaries.get(run.id, {}))

    @cached_property
    def _summaries(self) -> dict[RunId, dict[str, Any]]:
        return {run: flatten_keys(logged) for run, logged in self.reader.summaries().items()}

    def parameters(self, runs: Sequence[RunRecord], names: Sequence[str] = ()) -> list[Parameter]:
        """Return the parameters of `runs`: those in `names`, or all that vary.

        Raises
        ------
        SweepError
            If a name is not a parameter.
        """
        flat = [flatten_keys(run.params, "") for run in runs]
        existing = list(dict.fromkeys(name for each in flat for name in each))
        for name in names:
            if name not in existing:
                raise SweepError(
                    f"the sweep has no parameter {name!r}: it has {', '.join(existing)}"
                )
        logs = log_parameters(self.sweep.spec)
        parameters = [
            _parameter(name, [each.get(name) for each in flat], logs) for name in names or existing
        ]
        return parameters if names else [each for each in parameters if each.varies]

    def pruned_runs(self) -> list[RunRecord]:
        """Return the runs that were ended early."""
        return [run for run in self.runs if run.state is RunState.PRUNED]


def log_parameters(spec: Mapping[str, Any]) -> set[str]:
    """Return the dotted names of the parameters that a spec searches on a log scale."""
    log_names = set[str]()

    def look(entries: Mapping[str, Any], prefix: str) -> None:
        for name, entry in entries.items():
            if not isinstance(entry, Mapping):
                continue
            if isinstance(entry.get("parameters"), Mapping):
                look(entry["parameters"], f"{prefix}{name}.")
            elif any(word in str(entry.get("distribution", "")) for word in NUMERIC_LOG):
                log_names.add(f"{prefix}{name}")

    look(spec.get("parameters", {}), "")
    return log_names


def _parameter(name: str, values: list[Any], logs: set[str]) -> Parameter:
    present = [value for value in values if value is not None]
    numeric = bool(present) and all(_finite(value) is not None for value in present)
    if numeric:
        log = name in logs and all(value > 0 for value in present)
        return Parameter(name, tuple(values), numeric=True, log=log)
    texts = tuple(None if value is None else _text(value) for value in values)
    return Parameter(name, texts, numeric=False, log=False)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _finite(value: object) -> float | None:
    """Return a number that can be drawn; None for anything else, including booleans."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
