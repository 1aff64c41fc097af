"""A sweep's results as pandas frames.

These functions read a store and return what it contains: nothing is aggregated, and no run is left
out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wandb_magic.analysis.columns import column, index_of, table
from wandb_magic.analysis.curve_frame import CurveTable
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.records import RunId, RunRecord, flatten_keys
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.store.curves import Curve

TIMES = ("_runtime", "_timestamp")
"""W&B's names for the time of a step: seconds since the run's start, and since the epoch."""
MILLISECONDS = 1000
_SHOWN = 12  # keys that a message names


def runs(reader: StoreReader, selected: Collection[RunId] | None = None) -> pd.DataFrame:
    """Return one row per run; see `SweepReader.runs`."""
    import pandas as pd  # noqa: PLC0415 - a second to import

    records, summaries = reader.runs(), reader.summaries()
    params = {run.id: flatten_keys(run.params, "config.") for run in records}
    results = {
        run.id: {f"summary.{key}": value for key, value in _user_keys(summaries.get(run.id, {}))}
        for run in records
    }
    run_columns = {
        "number": pd.array([run.number for run in records], dtype="Int64"),
        "state": pd.array([run.state.value for run in records], dtype="string"),
        "value": _floats([run.value for run in records]),
        "agent": pd.array([run.agent for run in records], dtype="Int64"),
        "started": pd.to_datetime(_floats([run.started for run in records]), unit="s", utc=True),
        "duration": _floats([_duration(run) for run in records]),
        "attempt": pd.array([run.attempt for run in records], dtype="Int64"),
        "cause": pd.array([run.cause for run in records], dtype="string"),
        "proposer": pd.array([run.proposer.value for run in records], dtype="string"),
        "version": pd.array([run.version for run in records], dtype="Int64"),
        "repeat_group": pd.array([run.repeat_group for run in records], dtype="Int64"),
        "parent": pd.array([run.parent for run in records], dtype="string"),
    }
    columns: dict[str, Any] = {**run_columns}
    for document, parse_nonfinite in ((params, False), (results, True)):
        for key in sorted(set().union(*document.values())):
            values = [row.get(key) for row in document.values()]
            columns[key] = column(values, parse_nonfinite=parse_nonfinite)
    frame: pd.DataFrame = pd.DataFrame(columns, index=index_of(params), copy=False)
    return frame if selected is None else frame[frame.index.isin(set(selected))]


def summary(reader: StoreReader) -> pd.DataFrame:
    """Return the summaries, one row per run; see `SweepReader.summary`."""
    summaries = reader.summaries()
    rows = {run: dict(_user_keys(summaries.get(run, {}))) for run in reader.end_times()}
    return table(rows, sorted(set().union(*rows.values())), parse_nonfinite=True)


def history(
    reader: StoreReader,
    keys: Sequence[str] | None = None,
    runs: Collection[RunId] | None = None,
    points: int | None = None,
) -> pd.DataFrame:
    """Return what runs logged; see `SweepReader.history`.

    Raises
    ------
    SweepNotFoundError
        If no run has logged one of the keys.
    """
    columns = _keys(keys, reader.keys(), "logged the number", also=TIMES)
    return history_table(reader, columns, runs, points).frame()


def history_table(
    reader: StoreReader,
    keys: Sequence[str],
    runs: Collection[RunId] | None,
    points: int | None = None,
) -> CurveTable:
    """Return what runs logged of `keys`, before conversion to a frame."""
    timed = [key for key in keys if key in TIMES]
    curves_by_run = reader.history([key for key in keys if key not in TIMES], runs, points=points)
    stack = CurveTable(keys, banded=points is not None)
    clock = _StepTimes(reader, runs) if timed else None
    for run in reader.end_times(runs):
        curves = curves_by_run.pop(run, {})
        stack.add(run, curves if clock is None else clock.join(run, curves, timed))
    return stack


def system(
    reader: StoreReader,
    keys: Sequence[str] | None = None,
    runs: Collection[RunId] | None = None,
    points: int | None = None,
) -> pd.DataFrame:
    """Return system metrics over the seconds since each run's start; see `SweepReader.system`.

    Raises
    ------
    SweepNotFoundError
        If no run has one of the keys.
    """
    columns = _keys(keys, reader.keys("system"), "the system metric")
    return system_table(reader, columns, runs, points).frame()


def system_table(
    reader: StoreReader,
    keys: Sequence[str],
    runs: Collection[RunId] | None,
    points: int | None = None,
) -> CurveTable:
    """Return system metrics, before conversion to a frame."""
    curves_by_run = reader.system(keys, runs, points=points)
    stack = CurveTable(keys, banded=points is not None, index_name="seconds", unit=MILLISECONDS)
    for run, started in reader.start_times(runs).items():
        start = round((started or 0.0) * MILLISECONDS)
        curves = curves_by_run.pop(run, {})
        stack.add(
            run,
            {key: replace(curve, steps=curve.steps - start) for key, curve in curves.items()},
        )
    return stack


def empty_curves(keys: Sequence[str]) -> dict[str, Curve]:
    """Return curves of a single point without a value, in the same form as all others."""
    from wandb_magic.store.curves import Curve  # noqa: PLC0415 - imports numpy

    step, nothing = np.zeros(1, np.int64), np.full(1, np.nan)
    return {key: Curve(step, nothing, nothing) for key in (*keys, "")}


class _StepTimes:
    """Adds times to the steps of runs."""

    def __init__(self, reader: StoreReader, runs: Collection[RunId] | None) -> None:
        self._times = reader.times(runs)
        self._starts = reader.start_times(runs)

    def join(self, run: RunId, curves: dict[str, Curve], keys: Sequence[str]) -> dict[str, Curve]:
        """Return curves with the times of their steps; without any, those of all logged steps."""
        from wandb_magic.store.curves import Curve, with_times  # noqa: PLC0415 - imports numpy

        steps, known_times = self._times.get(run, (np.empty(0, np.int64), np.empty(0)))
        if not len(steps):
            return curves
        curve_steps = [curve.steps for curve in curves.values()]
        union = np.unique(np.concatenate(curve_steps)) if curve_steps else steps
        nothing = np.empty(0)
        times = with_times(Curve(union, nothing, nothing), steps, known_times).times
        assert times is not None
        start = self._starts.get(run) or float(known_times[0])
        by_key = {"_runtime": times - start, "_timestamp": times}
        return {**curves, **{key: Curve(union, by_key[key], by_key[key]) for key in keys}}


def _keys(
    requested: Sequence[str] | None, logged: Sequence[str], what: str, also: Collection[str] = ()
) -> list[str]:
    if requested is None:
        return list(logged)
    unknown = [key for key in requested if key not in logged and key not in also]
    if unknown and logged:
        shown = ", ".join(logged[:_SHOWN]) + (", …" if len(logged) > _SHOWN else "")
        raise SweepNotFoundError(f"no run has {what} {unknown[0]!r}: there is {shown}")
    return list(dict.fromkeys(requested))


def _user_keys(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return the entries that are not W&B's own bookkeeping."""
    return [(key, value) for key, value in document.items() if not key.startswith("_")]


def _duration(run: RunRecord) -> float | None:
    return None if run.started is None or run.ended is None else run.ended - run.started


def _floats(values: Sequence[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
