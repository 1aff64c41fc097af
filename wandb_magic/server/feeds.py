"""What a page has open: each feed tells what has changed since it was asked last.

Feeds are asked one after another in a thread. They keep what the page has, so that it is sent only
what it lacks; nothing waits for a page that is slow.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, get_args

from wandb_magic.records import RunId
from wandb_magic.server import answers, wire
from wandb_magic.server.books import Book
from wandb_magic.server.curves import Wanted, curves, tail
from wandb_magic.server.marks import SLACK_S, Mark
from wandb_magic.server.problems import BadRequestError
from wandb_magic.server.shelf import Shelf
from wandb_magic.validation import shown

LAST_LINES = 100
WHOLE_S = 1.0  # how often is looked for changes after a run's end, and for new keys


class Feed(Protocol):
    """One open topic. It is asked in one thread at a time.

    Attributes
    ----------
    pace
        Seconds between two looks, at least.
    """

    pace: float

    def news(self) -> dict[str, Any] | None:
        """Return a message without its address, or None if nothing has changed.

        Raises
        ------
        SweepError
            If the topic cannot be followed (now).
        """


class SweepsFeed:
    """All sweeps."""

    pace = 0.5

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[str, wire.SweepSummary] | None = None
        self._unreadable: list[wire.Unreadable] = []

    def news(self) -> dict[str, Any] | None:
        """See `Feed`."""
        found, unreadable = self._shelf.summaries()
        before, now = self._known, {each["id"]: each for each in found}
        whole, known = before is None, before or {}
        changed = [each for each in found if known.get(each["id"]) != each]
        gone = [id_ for id_ in known if id_ not in now]
        same = unreadable == self._unreadable
        self._known, self._unreadable = now, unreadable
        if not (whole or changed or gone) and same:
            return None
        return {
            "kind": "sweeps",
            "whole": whole,
            "changed": changed,
            "unreadable": unreadable,
            "gone": gone,
        }


class _SweepFeed:
    """What concerns one sweep: looked at only when its store has changed."""

    pace = 0.0

    def __init__(self, shelf: Shelf, sweep: str) -> None:
        self._shelf = shelf
        self._sweep = sweep
        self._seen: tuple[Book, int] | None = None

    def news(self) -> dict[str, Any] | None:
        """See `Feed`."""
        book = self._shelf.book(self._sweep)
        now = (book, book.live.version())
        if now == self._seen and not self._due():
            return None
        told = self._look(book)
        self._seen = now
        return told

    def _due(self) -> bool:
        """Tell whether something is to be looked at even if the store has not changed."""
        return False

    def _look(self, book: Book) -> dict[str, Any] | None:
        raise NotImplementedError


class RunsFeed(_SweepFeed):
    """Runs that change after a mark, and the keys of what they log.

    Only runs that go on are read for every change. What runs log at their end comes later; for
    this, all that have ended a while ago are read, too, but not so often.
    """

    def __init__(self, shelf: Shelf, sweep: str, mark: str) -> None:
        super().__init__(shelf, sweep)
        self._mark = Mark.of(mark)
        self._sent: dict[str, wire.RunRow] = {}
        self._living: list[RunId] = []
        self._keys: wire.Keys | None = None
        self._whole = float("-inf")
        self._left = False  # whether there may be changes that only a whole look finds

    def _due(self) -> bool:
        return self._left and time.monotonic() - self._whole >= WHOLE_S

    def _look(self, book: Book) -> dict[str, Any] | None:
        reader, now = book.live, Mark.now(book.live)
        whole = time.monotonic() - self._whole >= WHOLE_S
        self._left = not whole
        if whole:
            self._whole = time.monotonic()
            mark = self._mark
            changed = reader.changed(mark.row, mark.time - SLACK_S, mark.living)
            keys: wire.Keys | None = answers.keys(reader)
            self._mark = now
        else:
            changed = reader.living(self._mark.row, self._living)
            keys = self._keys
            living = {*self._mark.living, *now.living}
            self._mark = replace(self._mark, row=now.row, living=tuple(sorted(living)))
        self._living = [run.id for run in changed if not run.state.ended]
        rows = answers.rows(reader, changed)
        news = [row for row in rows if self._sent.get(row["id"]) != row]
        self._sent = {**({} if whole else self._sent), **{row["id"]: row for row in rows}}
        same, self._keys = keys == self._keys, keys
        if not news and same:
            return None
        page = {"rows": news, "total": reader.total(), "mark": str(self._mark)}
        return {"kind": "runs", "page": page, "keys": None if same else keys}


class CurvesFeed(_SweepFeed):
    """Curves of some runs; the page is sent the parts of them that it lacks."""

    def __init__(self, shelf: Shelf, sweep: str, wanted: Wanted) -> None:
        super().__init__(shelf, sweep)
        self._wanted = wanted  # those of runs that may still log
        self._sent: dict[tuple[str, str], wire.Curve] | None = None

    def _look(self, book: Book) -> dict[str, Any] | None:
        ends = book.live.ends([RunId(run) for run in self._wanted.runs])
        found = curves(book.live, self._wanted)
        first, sent = self._sent is None, self._sent or {}
        tails = [
            part
            for curve in found
            if (part := _tail(sent.get((curve["run"], curve["key"])), curve)) is not None
        ]
        settled = {run for run, end in ends.items() if end and end < time.time() - SLACK_S}
        runs = tuple(run for run in self._wanted.runs if run not in settled)
        self._wanted = replace(self._wanted, runs=runs)
        self._sent = {
            (curve["run"], curve["key"]): curve for curve in found if curve["run"] not in settled
        }
        return {"kind": "curves", "curves": tails} if tails or first else None


class RunFeed(_SweepFeed):
    """One run's page."""

    def __init__(self, shelf: Shelf, sweep: str, run: str) -> None:
        super().__init__(shelf, sweep)
        self._run = run
        self._sent: dict[str, Any] | None = None

    def _look(self, book: Book) -> dict[str, Any] | None:
        news = {
            "kind": "run",
            "run": answers.run_detail(book.paths, book.live, self._run),
            "media": book.live.media_count(RunId(self._run)),
        }
        if news == self._sent:
            return None
        self._sent = news
        return news


class LogFeed:
    """The end of what a run prints."""

    pace = 0.0

    def __init__(self, shelf: Shelf, sweep: str, run: str) -> None:
        self._shelf = shelf
        self._sweep = sweep
        self._run = run
        self._sent: tuple[int, bool] | None = None

    def news(self) -> dict[str, Any] | None:
        """See `Feed`."""
        if self._sent is not None and self._shelf.log_state(self._sweep, self._run) == self._sent:
            return None
        page = self._shelf.log_page(self._sweep, self._run, -LAST_LINES, LAST_LINES)
        self._sent = (page["size"], page["ended"])
        return {"kind": "log", "page": page}


def feed(shelf: Shelf, topic: object) -> Feed:
    """Open a topic (`messages.Topic`).

    Raises
    ------
    BadRequestError
        If it is none.
    """
    if not isinstance(topic, Mapping):
        raise BadRequestError("open: every topic must be a JSON object")
    name = topic.get("topic")
    if name == "sweeps":
        return SweepsFeed(shelf)
    if name == "runs":
        return RunsFeed(shelf, _text(topic, "sweep"), _text(topic, "mark"))
    if name == "run":
        return RunFeed(shelf, _text(topic, "sweep"), _text(topic, "run"))
    if name == "log":
        return LogFeed(shelf, _text(topic, "sweep"), _text(topic, "run"))
    if name == "curves":
        stream, axis = _text(topic, "stream"), _text(topic, "axis")
        if stream not in get_args(wire.Stream) or axis not in get_args(wire.Axis):
            raise BadRequestError(
                f"open: there are no curves of {shown(stream)} over {shown(axis)}"
            )
        wanted = Wanted(stream, _texts(topic, "keys"), _texts(topic, "runs"), axis)  # type: ignore[arg-type] # as just checked
        return CurvesFeed(shelf, _text(topic, "sweep"), wanted)
    raise BadRequestError(f"open: there is no topic {shown(name)}")


def _tail(sent: wire.Curve | None, curve: wire.Curve) -> wire.Curve | None:
    return curve if sent is None else tail(sent, curve)


def _text(topic: Mapping[str, Any], name: str) -> str:
    value = topic.get(name)
    if not isinstance(value, str):
        raise BadRequestError(f"open: {name} must be a text, and is {shown(value)}")
    return value


def _texts(topic: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = topic.get(name)
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadRequestError(f"open: {name} must be a list of texts, and is {shown(value)}")
    return tuple(value)
