"""Imports W&B runs into a store; each step is stored once, however often it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from wandb_magic.log_records import (
    ConfigRecord,
    HistoryRecord,
    InfoRecord,
    LogRecord,
    SummaryRecord,
    SystemRecord,
)
from wandb_magic.nonfinite import decode_nonfinite
from wandb_magic.records import (
    INTERNAL_KEY,
    Proposer,
    RunId,
    RunRecord,
    RunState,
    flatten_keys,
    is_id,
    sweep_metric,
    sweep_metrics,
)
from wandb_magic.search.objective import run_value
from wandb_magic.store import StoreReader, StoreWriter
from wandb_magic.wandb_client import RemoteSweep, run_page
from wandb_magic.wandb_client.export import HistoryPage, RemoteRun

HISTORY, SYSTEM = "W&B: history", "W&B: system metrics"
"""Names under which the store keeps a run's read position: the next step, or millisecond."""

_STATES = {
    "finished": RunState.FINISHED,
    "failed": RunState.FAILED,
    "crashed": RunState.LOST,
    "killed": RunState.STOPPED,
    "preempted": RunState.LOST,
    "preempting": RunState.RUNNING,
    "running": RunState.RUNNING,
    "pending": RunState.PENDING,
}
_SYSTEM_PREFIX = "system."


class RunImporter:
    """Writes runs into the store of an imported sweep.

    Parameters
    ----------
    store, reader
        The store, which has no other writer.
    sweep
        The W&B sweep.

    Attributes
    ----------
    skipped
        How many runs were skipped because their id does not have W&B's form, so it is not safe in
    """

    def __init__(self, store: StoreWriter, reader: StoreReader, sweep: RemoteSweep) -> None:
        self._store = store
        self._reader = reader
        self._sweep = sweep
        self._metric = sweep_metric(store.sweep())
        self._existing_ids = {run.id for run in reader.runs()}
        self.skipped = 0

    def import_runs(
        self, messages: Iterator[RemoteRun | HistoryPage]
    ) -> Iterator[tuple[str, str]]:
        """Import the messages; yield the id and cursor of each run that is complete."""
        run: RemoteRun | None = None
        for message in messages:
            if isinstance(message, RemoteRun):
                if run is not None:
                    yield self._finish_run(run)
                run = message if is_id(message.id) else None
                if run is None:
                    self.skipped += 1
                else:
                    self._start_run(run)
            elif run is not None:
                self._append_rows(RunId(run.id), message)
        if run is not None:
            yield self._finish_run(run)

    def _start_run(self, run: RemoteRun) -> None:
        id_ = RunId(run.id)
        if id_ not in self._existing_ids:
            self._store.add_run(
                RunRecord(
                    id=id_,
                    number=len(self._existing_ids),
                    attempt=0,
                    agent=0,
                    params=self._params(run),
                    state=RunState.RUNNING,
                    created=run.created,
                    started=run.created,
                    proposer=Proposer.WANDB,
                )
            )
            self._existing_ids.add(id_)
        else:
            # A run that had ended may have been resumed: it is running until it is complete.
            self._store.update_run(id_, state=RunState.RUNNING)
        config, summary = _flatten_logged(run.config), _flatten_logged(run.summary)
        self._store.append(
            id_,
            [
                InfoRecord(
                    name=run.name,
                    project=self._sweep.project,
                    group=run.group,
                    job_type=run.job_type,
                    tags=run.tags,
                    notes=run.notes,
                    host="",
                    git_commit=run.commit,
                    start_time=run.created,
                ),
                ConfigRecord(config, remove=tuple(run.config)),
                SummaryRecord(summary, remove=tuple(run.summary)),
            ],
        )
        self._store.commit()

    def _append_rows(self, run: RunId, page: HistoryPage) -> None:
        name = SYSTEM if page.system else HISTORY
        position = self._store.positions(run).get(name, 0)
        entries = list(_system_records(page.rows) if page.system else _history_records(page.rows))
        new = [(at, entry) for at, entry in entries if at >= position]
        if new:
            self._store.append(run, [entry for _, entry in new], name, new[-1][0] + 1)
            self._store.commit()

    def _finish_run(self, run: RemoteRun) -> tuple[str, str]:
        id_, state = RunId(run.id), _STATES.get(run.state, RunState.LOST)
        fields: dict[str, Any] = {"state": state, "value": self._value(run)}
        fields["ended"] = run.heartbeat if state.has_ended else None
        if state.has_ended and state is not RunState.FINISHED:
            page = run_page(self._sweep.url, run.id)
            fields["cause"] = f"{run.state} at W&B: see {page}"
        self._store.update_run(id_, **fields)
        self._store.commit()
        return run.id, run.mark

    def _value(self, run: RemoteRun) -> float | None:
        if self._metric is None:
            return None
        name = self._metric.name
        values = self._reader.objective(name, [RunId(run.id)]).get(RunId(run.id), [])
        summary = _flatten_logged(run.summary)
        last = _to_float(summary.get(name))
        if last is not None and len(sweep_metrics(self._store.sweep())) > 1:
            return last  # like the values of the other objectives
        return run_value(values, summary, self._metric)

    def _params(self, run: RemoteRun) -> dict[str, Any]:
        names = self._sweep.config.get("parameters") or {}
        return {name: run.config[name] for name in names if name in run.config}


def _flatten_logged(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values by dotted key, without W&B's own bookkeeping."""
    own = {key: value for key, value in values.items() if key != INTERNAL_KEY}
    return flatten_keys(own, keep_media=True)


def _history_records(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, LogRecord]]:
    for row in rows:
        values = _flatten_logged(row)
        step, time = int(values.pop("_step", 0)), values.pop("_timestamp", None)
        values.pop("_runtime", None)
        scalars: dict[str, float] = {}
        media: dict[str, Any] = {}
        for key, value in values.items():
            number = _to_float(value)
            if number is not None:
                scalars[key] = number
            elif value is not None:
                media[key] = value
        yield step, HistoryRecord(step, time, scalars, media)


def _system_records(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, LogRecord]]:
    for row in rows:
        time = row.get("_timestamp")
        values = {
            key.removeprefix(_SYSTEM_PREFIX): number
            for key, value in row.items()
            if key.startswith(_SYSTEM_PREFIX) and (number := _to_float(value)) is not None
        }
        if time is not None and values:
            yield round(time * 1000), SystemRecord(float(time), values)


def _to_float(value: object) -> float | None:
    if isinstance(value, str):
        return decode_nonfinite(value)
    return float(value) if isinstance(value, (int, float)) else None
