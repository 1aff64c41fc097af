"""What one page has open, and what it is to be told.

A topic that cannot be followed now, because a store is locked or its sweep is not there (yet), is
tried again: the page is told once, and gets all of it anew as soon as it can be read. A topic
that is costly to look at is looked at less often, so that no page takes more than its share.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from wandb_magic.errors import SweepError
from wandb_magic.server.encoding import encoded
from wandb_magic.server.feeds import Feed, feed
from wandb_magic.server.problems import BadRequestError, unforeseen
from wandb_magic.server.shelf import Shelf

log = logging.getLogger(__name__)

LONGEST = 2000  # characters of a problem, which may name what the page said
RETRY_S = 1.0
MOST_TOPICS = 500  # of a page; one that is full of views has some dozens
TURN_S = 0.5  # for one look at a page's topics; the others are looked at in the next
SHARE = 4.0  # a look that took a second is followed by at least three of rest


class Opened:
    """One open topic."""

    def __init__(self, shelf: Shelf, topic: object) -> None:
        self._shelf = shelf
        self._topic = topic
        self._feed: Feed | None = None
        self._due = 0.0
        self._problem = ""

    def news(self) -> Mapping[str, Any] | None:
        """Return what the page is to be told, if anything, without its address.

        Whatever goes wrong is a problem of this topic: the page's others go on.
        """
        begin = time.monotonic()
        if begin < self._due:
            return None
        try:
            if self._feed is None:
                self._feed = feed(self._shelf, self._topic)
            news = self._feed.news()
        except (SweepError, OSError) as error:
            return self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - a store may hold anything
            return self._failed(unforeseen(error), error)
        took = time.monotonic() - begin
        self._due = begin + max(self._feed.pace, SHARE * took)
        return news

    def message(self, name: str) -> str | None:
        """Return the news, encoded, for the page that calls the topic `name`."""
        news = self.news()
        if news is None:
            return None
        try:
            told = encoded({"to": name, **news})
        except Exception as error:  # noqa: BLE001 - as above
            failed = self._failed(unforeseen(error), error)
            return None if failed is None else encoded({"to": name, **failed})
        if self._feed is not None:
            self._problem = ""
        return told

    def _failed(self, problem: str, fault: Exception | None = None) -> Mapping[str, Any] | None:
        self._feed, self._due = None, time.monotonic() + RETRY_S
        problem = problem[:LONGEST]
        if problem == self._problem:
            return None
        self._problem = problem
        if fault is not None:
            log.error("wandb_magic: a topic cannot be followed", exc_info=fault)
        return {"kind": "problem", "message": problem}


class Page:
    """One page; it is asked in one thread at a time."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._opened: dict[str, tuple[str, Opened]] = {}

    def open(self, said: str | bytes) -> None:
        """Have open what the page says (`messages.Open`); topics that were open go on.

        Raises
        ------
        BadRequestError
            If it is no such message.
        """
        try:
            topics = json.loads(said)["open"]
            if len(topics) > MOST_TOPICS:
                raise BadRequestError(f"{len(topics)} open topics are more than {MOST_TOPICS}")
            wanted = {name: json.dumps(topic, sort_keys=True) for name, topic in topics.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise BadRequestError("what was sent is no list of open topics") from None
        before, self._opened = self._opened, {}
        for name, text in wanted.items():
            known = before.get(name)
            same = known is not None and known[0] == text
            self._opened[name] = (
                known if known and same else (text, Opened(self._shelf, topics[name]))
            )

    @property
    def has_topics(self) -> bool:
        """Whether the page has anything open."""
        return bool(self._opened)

    def news(self) -> list[str]:
        """Return the encoded messages of topics that have any; those that waited longest first."""
        begin, told = time.monotonic(), list[str]()
        for name, entry in list(self._opened.items()):
            # The topic goes behind the others, so that each has its turn.
            del self._opened[name]
            self._opened[name] = entry
            message = entry[1].message(name)
            if message is not None:
                told.append(message)
            if time.monotonic() - begin > TURN_S:
                break
        return told
