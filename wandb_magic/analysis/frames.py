"""A sweep's results as pandas frames."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from wandb_magic.records import RunId, RunRecord, documents
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.store.curves import Curve

OWN = ("number", "state", "value", "agent", "started", "duration", "attempt", "cause")


def runs(reader: StoreReader) -> pd.DataFrame:
    """Return one row a run; see `Sweep.runs`."""
    import pandas as pd  # noqa: PLC0415 - a second to import

    records, summaries = reader.runs(), reader.summaries()
    rows = [_row(record, summaries.get(record.id, {})) for record in records]
    index = pd.Index([record.id for record in records], name="run", dtype=object)
    own = set(OWN).union(*rows) - set(OWN)
    frame: pd.DataFrame = pd.DataFrame(rows, index=index, columns=[*OWN, *sorted(own)])
    frame["started"] = pd.to_datetime(frame["started"], unit="s", utc=True)
    return frame


def history(reader: StoreReader, key: str, points: int | None) -> pd.DataFrame:
    """Return one key of all runs: a row a step, a column a run."""
    found = reader.history([key], points=points)
    return _by_step({run: curves[key] for run, curves in found.items()}, banded=points is not None)


def history_of_run(
    reader: StoreReader, run: RunId, keys: Collection[str] | None, points: int | None
) -> pd.DataFrame:
    """Return all keys of one run, or some: a row a step, a column a key."""
    found = reader.history(keys, [run], points=points).get(run, {})
    return _by_step(found, banded=points is not None)


def _by_step(curves: Mapping[Any, Curve], *, banded: bool) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - a second to import

    columns = {}
    for name, curve in curves.items():
        if banded:
            columns[name, "low"] = pd.Series(curve.lows, index=curve.steps)
            columns[name, "high"] = pd.Series(curve.highs, index=curve.steps)
        else:
            columns[name] = pd.Series(curve.lows, index=curve.steps)
    # A step may be logged twice: the later value holds, as in W&B.
    unique = {name: series.groupby(level=0).last() for name, series in columns.items()}
    frame: pd.DataFrame = pd.DataFrame(unique).rename_axis("step")
    return frame


def _row(run: RunRecord, summary: dict[str, Any]) -> dict[str, Any]:

    ended = run.ended
    own = {
        "number": run.number,
        "state": run.state.value,
        "value": run.value,
        "agent": run.agent,
        "started": run.started,
        "duration": None if run.started is None or ended is None else ended - run.started,
        "attempt": run.attempt,
        "cause": run.cause,
    }
    return {
        **own,
        **documents(run.params, "config."),
        **{f"summary.{key}": value for key, value in summary.items() if not key.startswith("_")},
    }
