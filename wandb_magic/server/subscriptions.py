"""Subscriptions to topics: each returns what has changed since it was last polled.

Subscriptions are polled one after another in a thread. They record what the client has received,
so that it is sent only what is new; nothing waits for a slow client.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, get_args

from wandb_magic.arguments import brief
from wandb_magic.records import RunId
from wandb_magic.server import schemas, serializers
from wandb_magic.server.cursors import SLACK_S, Cursor
from wandb_magic.server.curves import CurvesQuery, curves, diff
from wandb_magic.server.http_errors import BadRequestError
from wandb_magic.server.sweep_manager import OpenSweep, SweepManager

LAST_LINES = 100
FULL_POLL_S = 1.0  # interval of full polls: changes after a run's end, and new keys


class Subscription(Protocol):
    """A subscription to a topic; it is polled by one thread at a time.

    Attributes
    ----------
    min_interval
        Minimum number of seconds between two polls.
    """

    min_interval: float

    def poll(self) -> dict[str, Any] | None:
        """Return a message without the topic's name, or None if nothing has changed.

        Raises
        ------
        SweepError
            If the topic cannot be read (at the moment).
        """


class SweepsSubscription:
    """All sweeps."""

    min_interval = 0.5

    def __init__(self, manager: SweepManager) -> None:
        self._manager = manager
        self._sent: dict[str, schemas.SweepSummary] | None = None
        self._unreadable: list[schemas.Unreadable] = []

    def poll(self) -> dict[str, Any] | None:
        """See `Subscription`."""
        summaries, unreadable = self._manager.summaries()
        sent, current = self._sent, {each["id"]: each for each in summaries}
        whole, previous = sent is None, sent or {}
        changed = [each for each in summaries if previous.get(each["id"]) != each]
        gone = [id_ for id_ in previous if id_ not in current]
        unreadable_changed = unreadable != self._unreadable
        self._sent, self._unreadable = current, unreadable
        if not (whole or changed or gone or unreadable_changed):
            return None
        return {
            "kind": "sweeps",
            "whole": whole,
            "changed": changed,
            "unreadable": unreadable,
            "gone": gone,
        }


class _SweepSubscription:
    """A topic of one sweep, which is read only when the sweep's store has changed."""

    min_interval = 0.0

    def __init__(self, manager: SweepManager, sweep: str) -> None:
        self._manager = manager
        self._sweep = sweep
        self._seen: tuple[OpenSweep, int] | None = None

    def poll(self) -> dict[str, Any] | None:
        """See `Subscription`."""
        open_sweep = self._manager.open_sweep(self._sweep)
        version = (open_sweep, open_sweep.live_reader.version())
        if version == self._seen and not self._is_due():
            return None
        message = self._poll_sweep(open_sweep)
        self._seen = version
        return message

    def _is_due(self) -> bool:
        """Return whether to poll even if the store has not changed."""
        return False

    def _poll_sweep(self, open_sweep: OpenSweep) -> dict[str, Any] | None:
        raise NotImplementedError


class RunsSubscription(_SweepSubscription):
    """Runs that change after a cursor, and the keys that they log.

    On each change, only active runs are read. The last log records of a run arrive after its end,
    so full polls, which are less frequent, also read recently ended runs.
    """

    def __init__(self, manager: SweepManager, sweep: str, cursor: str) -> None:
        super().__init__(manager, sweep)
        self._cursor = Cursor.parse(cursor)
        self._sent: dict[str, schemas.RunRow] = {}
        self._active: list[RunId] = []
        self._keys: schemas.Keys | None = None
        self._last_full_poll = float("-inf")
        self._needs_full_poll = False  # whether there may be changes that only a full poll finds

    def _is_due(self) -> bool:
        return self._needs_full_poll and time.monotonic() - self._last_full_poll >= FULL_POLL_S

    def _poll_sweep(self, open_sweep: OpenSweep) -> dict[str, Any] | None:
        reader, now = open_sweep.live_reader, Cursor.current(open_sweep.live_reader)
        whole = time.monotonic() - self._last_full_poll >= FULL_POLL_S
        self._needs_full_poll = not whole
        if whole:
            self._last_full_poll = time.monotonic()
            cursor = self._cursor
            changed = reader.changed_runs(cursor.row, cursor.time - SLACK_S, cursor.active)
            keys: schemas.Keys | None = serializers.logged_keys(reader)
            self._cursor = now
        else:
            annotated = reader.annotated_since(self._cursor.time - SLACK_S)
            changed = reader.active_runs(self._cursor.row, [*self._active, *annotated])
            keys = self._keys
            active = {*self._cursor.active, *now.active}
            self._cursor = replace(self._cursor, row=now.row, active=tuple(sorted(active)))
        self._active = [run.id for run in changed if not run.state.has_ended]
        rows = serializers.run_rows(reader, changed)
        changed_rows = [row for row in rows if self._sent.get(row["id"]) != row]
        self._sent = {**({} if whole else self._sent), **{row["id"]: row for row in rows}}
        same_keys, self._keys = keys == self._keys, keys
        if not changed_rows and same_keys:
            return None
        page = {"rows": changed_rows, "total": reader.run_count(), "mark": str(self._cursor)}
        return {"kind": "runs", "page": page, "keys": None if same_keys else keys}


class CurvesSubscription(_SweepSubscription):
    """Curves of some runs; the client is sent the parts of them that it lacks."""

    def __init__(self, manager: SweepManager, sweep: str, query: CurvesQuery) -> None:
        super().__init__(manager, sweep)
        self._query = query  # only of runs that may still log
        self._sent: dict[tuple[str, str], schemas.Curve] | None = None

    def _poll_sweep(self, open_sweep: OpenSweep) -> dict[str, Any] | None:
        ends = open_sweep.live_reader.end_times([RunId(run) for run in self._query.runs])
        current = curves(open_sweep.live_reader, self._query)
        first, sent = self._sent is None, self._sent or {}
        tails = [
            part
            for curve in current
            if (part := _diff(sent.get((curve["run"], curve["key"])), curve)) is not None
        ]
        settled = {run for run, end in ends.items() if end and end < time.time() - SLACK_S}
        runs = tuple(run for run in self._query.runs if run not in settled)
        self._query = replace(self._query, runs=runs)
        self._sent = {
            (curve["run"], curve["key"]): curve for curve in current if curve["run"] not in settled
        }
        return {"kind": "curves", "curves": tails} if tails or first else None


class RunSubscription(_SweepSubscription):
    """The details of one run."""

    def __init__(self, manager: SweepManager, sweep: str, run: str) -> None:
        super().__init__(manager, sweep)
        self._run = run
        self._sent: dict[str, Any] | None = None

    def _poll_sweep(self, open_sweep: OpenSweep) -> dict[str, Any] | None:
        message = {
            "kind": "run",
            "run": serializers.run_detail(open_sweep.paths, open_sweep.live_reader, self._run),
            "media": open_sweep.live_reader.media_count(RunId(self._run)),
        }
        if message == self._sent:
            return None
        self._sent = message
        return message


class ResourcesSubscription(_SweepSubscription):
    """What executes the runs of a sweep."""

    def __init__(self, manager: SweepManager, sweep: str) -> None:
        super().__init__(manager, sweep)
        self._sent: schemas.Resources | None = None

    def _poll_sweep(self, open_sweep: OpenSweep) -> dict[str, Any] | None:
        resources = serializers.resources(open_sweep.live_reader)
        if resources == self._sent:
            return None
        self._sent = resources
        return {"kind": "resources", "resources": resources}


class LogSubscription:
    """The end of a run's output."""

    min_interval = 0.0

    def __init__(self, manager: SweepManager, sweep: str, run: str) -> None:
        self._manager = manager
        self._sweep = sweep
        self._run = run
        self._sent: tuple[int, bool] | None = None

    def poll(self) -> dict[str, Any] | None:
        """See `Subscription`."""
        if (
            self._sent is not None
            and self._manager.log_state(self._sweep, self._run) == self._sent
        ):
            return None
        page = self._manager.log_page(self._sweep, self._run, -LAST_LINES, LAST_LINES)
        self._sent = (page["size"], page["ended"])
        return {"kind": "log", "page": page}


def open_subscription(manager: SweepManager, topic: object) -> Subscription:
    """Open a topic (`schemas.Topic`).

    Raises
    ------
    BadRequestError
        If it is not a valid topic.
    """
    if not isinstance(topic, Mapping):
        raise BadRequestError("open: every topic must be a JSON object")
    name = topic.get("topic")
    if name == "sweeps":
        return SweepsSubscription(manager)
    if name == "runs":
        return RunsSubscription(manager, _text(topic, "sweep"), _text(topic, "mark"))
    if name == "run":
        return RunSubscription(manager, _text(topic, "sweep"), _text(topic, "run"))
    if name == "log":
        return LogSubscription(manager, _text(topic, "sweep"), _text(topic, "run"))
    if name == "resources":
        return ResourcesSubscription(manager, _text(topic, "sweep"))
    if name == "curves":
        stream, axis = _text(topic, "stream"), _text(topic, "axis")
        if stream not in get_args(schemas.Stream) or axis not in get_args(schemas.Axis):
            raise BadRequestError(
                f"open: there are no curves of {brief(stream)} over {brief(axis)}"
            )
        query = CurvesQuery(stream, _texts(topic, "keys"), _texts(topic, "runs"), axis)  # type: ignore[arg-type] # as just checked
        return CurvesSubscription(manager, _text(topic, "sweep"), query)
    raise BadRequestError(f"open: there is no topic {brief(name)}")


def _diff(sent: schemas.Curve | None, curve: schemas.Curve) -> schemas.Curve | None:
    return curve if sent is None else diff(sent, curve)


def _text(topic: Mapping[str, Any], name: str) -> str:
    value = topic.get(name)
    if not isinstance(value, str):
        raise BadRequestError(f"open: {name} must be a text, and is {brief(value)}")
    return value


def _texts(topic: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = topic.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadRequestError(f"open: {name} must be a list of texts, and is {brief(value)}")
    return tuple(value)
