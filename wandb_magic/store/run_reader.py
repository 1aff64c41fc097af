"""Reads the sweep and its runs: lists, pages, counts and documents."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from wandb_magic.errors import SweepNotFoundError
from wandb_magic.log_records import ChartRecord
from wandb_magic.records import RunId, RunRecord, RunState, SweepRecord
from wandb_magic.store import serialization
from wandb_magic.store.ingest import CHARTS
from wandb_magic.store.order_by import order_clause
from wandb_magic.store.read_session import ReadSession

# A run with more logs than its latest execution can have made had an earlier execution.
_STARTED = (
    "CASE WHEN (SELECT count(*) FROM log WHERE log.run = row) > (started IS NOT NULL)"
    " THEN created ELSE started END"
)


class RunReader(ReadSession):
    """Reads a sweep and its runs."""

    def sweep(self) -> SweepRecord:
        """Return the sweep."""
        with self._reading() as connection:
            row = connection.execute(
                f"SELECT {', '.join(serialization.SWEEP_COLUMNS)} FROM sweep"  # noqa: S608 - fixed names
            ).fetchone()
        return serialization.sweep_record(row)

    def run(self, run: RunId) -> RunRecord:
        """Return one run.

        Raises
        ------
        SweepNotFoundError
            If there is no run with that id.
        """
        records = self._runs("WHERE id = ?", [run])
        if not records:
            raise SweepNotFoundError(f"the sweep has no run {run!r}")
        return records[0]

    def runs(
        self,
        *,
        states: Collection[RunState] | None = None,
        order: str = "number",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunRecord]:
        """Return runs.

        Parameters
        ----------
        states
            Only runs in one of these, if given.
        order
            A field of `RunRecord` that is a number or a text, ``duration``, or a dotted key of
            ``params.``, ``config.``, ``summary.`` or ``info.``; runs without it come last.
        descending
            Largest first.
        limit, offset
            A page of them.

        Raises
        ------
        OrderError
            If runs cannot be ordered by `order`.
        """
        where, values = "", []
        if states is not None:
            where = f"WHERE state IN ({', '.join('?' for _ in states)}) "
            values += [state.value for state in states]
        return self._runs(
            f"{where}ORDER BY {order_clause(order, descending=descending)}, row LIMIT ? OFFSET ?",
            [*values, -1 if limit is None else limit, offset],
        )

    def changed_runs(
        self, after: int, since: float, others: Collection[int] = ()
    ) -> list[RunRecord]:
        """Return the runs that may have changed, in order of their rows.

        Parameters
        ----------
        after
            Rows above this one are new.
        since
            Other runs are included if active, or if ended after this time (seconds since the
            epoch).
        others
            Rows that may have changed in any case.
        """
        return self._runs(
            "WHERE row > ? OR ended IS NULL OR ended > ?"
            " OR row IN (SELECT value FROM json_each(?)) ORDER BY row",
            [after, since, json.dumps(list(others))],
        )

    def active_rows(self) -> list[int]:
        """Return the rows of the active runs; see `changed_runs`."""
        states = json.dumps([state.value for state in RunState if not state.has_ended])
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT row FROM run WHERE state IN (SELECT value FROM json_each(?)) ORDER BY row",
                (states,),
            )
            return [row for (row,) in rows]

    def active_runs(self, after: int, also: Collection[RunId] = ()) -> list[RunRecord]:
        """Return the active runs, those above row `after`, and those in `also`, in row order.

        Unlike `changed_runs`, it reads few runs, however many the sweep has.
        """
        states = [state.value for state in RunState if not state.has_ended]
        return self._runs(
            "WHERE row IN (SELECT row FROM run WHERE row > ? UNION"
            " SELECT row FROM run WHERE state IN (SELECT value FROM json_each(?)) UNION"
            " SELECT row FROM run WHERE id IN (SELECT value FROM json_each(?))) ORDER BY row",
            [after, json.dumps(states), json.dumps(list(also))],
        )

    def start_times(self, runs: Collection[RunId] | None = None) -> dict[RunId, float | None]:
        """Return when some or all runs started, in order of their numbers.

        That is the time of their first execution, or of its entry into the store, however late
        a run was resumed.
        """
        return self._times(_STARTED, runs)

    def end_times(self, runs: Collection[RunId] | None = None) -> dict[RunId, float | None]:
        """Return when some or all runs ended, in order of their numbers."""
        return self._times("ended", runs)

    def busy_seconds(self, now: float) -> float:
        """Return for how many seconds any run was executing until `now`, without pauses."""
        query = (
            "WITH span AS (SELECT started AS begin, coalesce(ended, ?) AS end FROM run"
            " WHERE started IS NOT NULL AND state != ?),"
            " covered AS (SELECT begin, end, max(end) OVER (ORDER BY begin"
            " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM span)"
            " SELECT total(max(0, end - max(begin, coalesce(before, begin)))) FROM covered"
        )
        with self._reading() as connection:
            (seconds,) = connection.execute(query, (now, RunState.LOST.value)).fetchone()
        return float(seconds)

    def last_row(self) -> int:
        """Return the number of the newest row, or 0 without runs; see `changed_runs`."""
        with self._reading() as connection:
            (row,) = connection.execute("SELECT coalesce(max(row), 0) FROM run").fetchone()
        return int(row)

    def run_count(self) -> int:
        """Return how many runs there are, retries and reruns included."""
        with self._reading() as connection:
            (count,) = connection.execute("SELECT count(*) FROM run").fetchone()
        return int(count)

    def objective_values(self) -> list[float]:
        """Return the objective of all runs that have one, in order of their numbers."""
        with self._reading() as connection:
            return [
                value
                for (value,) in connection.execute(
                    "SELECT value FROM run WHERE value IS NOT NULL ORDER BY number, attempt"
                )
            ]

    def state_counts(self) -> dict[RunState, int]:
        """Return how many runs are in each state; states without runs are left out."""
        with self._reading() as connection:
            rows = connection.execute("SELECT state, count(*) FROM run GROUP BY state").fetchall()
        return {RunState(state): count for state, count in rows}

    def completed_count(self) -> int:
        """Return how many sets of parameters have been run, at least once."""
        ended = [state.value for state in RunState if state.has_ended]
        placeholders = ", ".join("?" for _ in ended)
        query = f"SELECT count(DISTINCT number) FROM run WHERE state IN ({placeholders})"  # noqa: S608
        with self._reading() as connection:
            (count,) = connection.execute(query, ended).fetchone()
        return int(count)

    def summaries(self, runs: Collection[RunId] | None = None) -> dict[RunId, dict[str, Any]]:
        """Return the summaries of some runs or all, by dotted key."""
        return self._documents("summary", runs)

    def configs(self, runs: Collection[RunId] | None = None) -> dict[RunId, dict[str, Any]]:
        """Return the configs of some runs or all, by dotted key."""
        return {
            run: {key: value for key, value in config.items() if not key.startswith(CHARTS)}
            for run, config in self._documents("config", runs).items()
        }

    def charts(self, run: RunId) -> dict[str, ChartRecord]:
        """Return how the tables that a run logs are drawn, by the table's key."""
        return {
            key.removeprefix(CHARTS): ChartRecord(**value)
            for key, value in self._documents("config", [run]).get(run, {}).items()
            if key.startswith(CHARTS)
        }

    def infos(self, runs: Collection[RunId] | None = None) -> dict[RunId, dict[str, Any]]:
        """Return what W&B shows at the head of runs: fields of `InfoRecord` and `ExitRecord`."""
        return self._documents("info", runs)

    def _runs(self, rest: str, values: list[Any]) -> list[RunRecord]:
        query = f"SELECT {', '.join(serialization.RUN_COLUMNS)} FROM run {rest}"  # noqa: S608 - fixed names
        with self._reading() as connection:
            return [serialization.run_record(row) for row in connection.execute(query, values)]

    def _times(self, name: str, runs: Collection[RunId] | None) -> dict[RunId, float | None]:
        query, values = f"SELECT id, {name} FROM run", []  # noqa: S608 - a fixed name
        if runs is not None:
            query += " WHERE id IN (SELECT value FROM json_each(?))"
            values = [json.dumps(list(runs))]
        with self._reading() as connection:
            rows = connection.execute(f"{query} ORDER BY number, attempt", values).fetchall()
        return {RunId(run): time for run, time in rows}

    def _documents(self, name: str, runs: Collection[RunId] | None) -> dict[RunId, dict[str, Any]]:
        query, values = f"SELECT id, {name} FROM run", []  # noqa: S608 - a fixed name
        if runs is not None:
            query += " WHERE id IN (SELECT value FROM json_each(?))"
            values = [json.dumps(list(runs))]
        with self._reading() as connection:
            rows = connection.execute(query, values).fetchall()
        return {RunId(run): json.loads(text) for run, text in rows}
