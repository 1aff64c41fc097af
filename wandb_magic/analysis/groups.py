"""Groups of runs that have the same parameters, tags, agent or host, and the statistics of each.

A value that is missing, or not finite, counts in no statistic; its run still belongs to its group.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wandb_magic.analysis.columns import column
from wandb_magic.errors import SweepNotFoundError
from wandb_magic.query import QueryRun
from wandb_magic.query.run_fields import ABSENT, as_number, field_name, value_reader, value_text
from wandb_magic.records import RunId
from wandb_magic.store import StoreReader

if TYPE_CHECKING:
    import pandas as pd

    from wandb_magic.query.run_fields import Reader

STATISTICS = ("count", "values", "mean", "sd", "se", "min", "q1", "median", "q3", "max")
_OBJECTIVE = "value"

Key = tuple[Any, ...]


def groups(
    reader: StoreReader,
    by: Sequence[str],
    metric: str | None = None,
    selected: Collection[RunId] | None = None,
) -> pd.DataFrame:
    """Return one row per group; see `SweepReader.groups`.

    Raises
    ------
    SweepNotFoundError
        If a name is not that of anything that a run has.
    """
    import pandas as pd  # noqa: PLC0415 - a second to import

    if not by:
        raise SweepNotFoundError("groups need a name: by='lr', or by=['lr', 'optimizer']")
    runs = _runs(reader, selected)
    for name in [*by, *([] if metric is None else [metric])]:
        if field_name(name) is None and all(value_reader(name)(run) is ABSENT for run in runs):
            raise SweepNotFoundError(f"no run has {name!r}")
    members = _members(runs, by)
    read = value_reader(metric or _OBJECTIVE)
    keys = sorted(members, key=_order)
    rows = [_statistics([_number(read(run)) for run in members[key]]) for key in keys]
    columns: dict[str, Any] = {
        name: np.array([row[place] for row in rows], np.int64 if place < 2 else np.float64)  # noqa: PLR2004 - the counts
        for place, name in enumerate(STATISTICS)
    }
    numbers = np.empty(len(keys), dtype=object)
    numbers[:] = [[run.record.number for run in members[key]] for key in keys]
    levels = [column([_key_value(key[place]) for key in keys]) for place in range(len(by))]
    index = (
        pd.Index(levels[0], name=by[0])
        if len(by) == 1
        else pd.MultiIndex.from_arrays(levels, names=list(by))
    )
    frame: pd.DataFrame = pd.DataFrame({**columns, "runs": numbers}, index=index)
    return frame


def _runs(reader: StoreReader, selected: Collection[RunId] | None) -> list[QueryRun]:
    summaries, infos = reader.summaries(), reader.infos()
    chosen = None if selected is None else set(selected)
    return [
        QueryRun(run, summaries.get(run.id, {}), infos.get(run.id, {}))
        for run in reader.runs()
        if chosen is None or run.id in chosen
    ]


def _members(runs: Sequence[QueryRun], by: Sequence[str]) -> dict[Key, list[QueryRun]]:
    """Return the runs of each group; a run with several tags belongs to several groups."""
    readers = [(value_reader(name), field_name(name) == "tags") for name in by]
    members: dict[Key, list[QueryRun]] = {}
    for run in runs:
        keys: list[Key] = [()]
        for read, is_tags in readers:
            values = _key_parts(read, run, is_tags=is_tags)
            keys = [(*key, value) for key in keys for value in values]
        for key in keys:
            members.setdefault(key, []).append(run)
    return members


def _key_parts(read: Reader, run: QueryRun, *, is_tags: bool) -> list[Any]:
    """Return what a run has as a part of its key: its kind, and a value that can be compared."""
    value = read(run)
    if is_tags:
        return [("text", tag) for tag in dict.fromkeys(value)] or [("absent", "")]
    if value is ABSENT or value is None:
        return [("absent", "")]
    if isinstance(value, bool):
        return [("boolean", value)]
    number = as_number(value)
    if number is not None and not isinstance(value, str):
        return [("number", value)] if math.isfinite(number) else [("text", value_text(value))]
    return [("text", value_text(value))]


def _key_value(part: tuple[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    kind, value = part
    return None if kind == "absent" else value


def _order(key: Key) -> tuple[tuple[int, Any], ...]:
    """Return what orders groups: numbers, then booleans, then texts, then what is missing."""
    kinds = ("number", "boolean", "text", "absent")
    return tuple((kinds.index(kind), value) for kind, value in key)


def _number(value: Any) -> float:  # noqa: ANN401 - any JSON value
    number = None if value is ABSENT else as_number(value)
    return math.nan if number is None else number


def _statistics(values: Sequence[float]) -> tuple[float, ...]:
    finite = np.array([value for value in values if math.isfinite(value)])
    if not len(finite):
        return (len(values), 0, *[math.nan] * 8)
    sd = float(np.std(finite, ddof=1)) if len(finite) > 1 else math.nan
    low, q1, median, q3, high = np.percentile(finite, [0, 25, 50, 75, 100])
    se = sd / math.sqrt(len(finite))
    return (len(values), len(finite), float(finite.mean()), sd, se, low, q1, median, q3, high)
