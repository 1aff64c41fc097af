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
from wandb_magic.server.encoding import to_json
from wandb_magic.server.http_errors import BadRequestError, describe_unexpected
from wandb_magic.server.subscriptions import Subscription, open_subscription
from wandb_magic.server.sweep_manager import SweepManager

log = logging.getLogger(__name__)

MAX_PROBLEM = 2000  # characters of a problem, which may name what the page said
RETRY_S = 1.0
MAX_TOPICS = 500  # of a page; one that is full of views has some dozens
POLL_BUDGET_S = 0.5  # for one look at a page's topics; the others are looked at in the next
MAX_LOAD_FACTOR = 4.0  # a look that took a second is followed by at least three of rest


class OpenSubscription:
    """One open topic."""

    def __init__(self, manager: SweepManager, topic: object) -> None:
        self._manager = manager
        self._topic = topic
        self._subscription: Subscription | None = None
        self._next_poll = 0.0
        self._problem = ""

    def poll(self) -> Mapping[str, Any] | None:
        """Return what the page is to be told, if anything, without its address.

        Whatever goes wrong is a problem of this topic: the page's others go on.
        """
        begin = time.monotonic()
        if begin < self._next_poll:
            return None
        try:
            if self._subscription is None:
                self._subscription = open_subscription(self._manager, self._topic)
            news = self._subscription.poll()
        except (SweepError, OSError) as error:
            return self._on_failure(str(error))
        except Exception as error:  # noqa: BLE001 - a store may hold anything
            return self._on_failure(describe_unexpected(error), error)
        took = time.monotonic() - begin
        self._next_poll = begin + max(self._subscription.min_interval, MAX_LOAD_FACTOR * took)
        return news

    def poll_message(self, name: str) -> str | None:
        """Return the news, encoded, for the page that calls the topic `name`."""
        news = self.poll()
        if news is None:
            return None
        try:
            text = to_json({"to": name, **news})
        except Exception as error:  # noqa: BLE001 - as above
            failed = self._on_failure(describe_unexpected(error), error)
            return None if failed is None else to_json({"to": name, **failed})
        if self._subscription is not None:
            self._problem = ""
        return text

    def _on_failure(
        self, problem: str, error: Exception | None = None
    ) -> Mapping[str, Any] | None:
        self._subscription, self._next_poll = None, time.monotonic() + RETRY_S
        problem = problem[:MAX_PROBLEM]
        if problem == self._problem:
            return None
        self._problem = problem
        if error is not None:
            log.error("wandb_magic: a topic cannot be followed", exc_info=error)
        return {"kind": "problem", "message": problem}


class ClientConnection:
    """One page; it is asked in one thread at a time."""

    def __init__(self, manager: SweepManager) -> None:
        self._manager = manager
        self._subscriptions: dict[str, tuple[str, OpenSubscription]] = {}

    def set_topics(self, message: str | bytes) -> None:
        """Have open what the page says (`messages.Open`); topics that were open go on.

        Raises
        ------
        BadRequestError
            If it is no such message.
        """
        try:
            topics = json.loads(message)["open"]
            if len(topics) > MAX_TOPICS:
                raise BadRequestError(f"{len(topics)} open topics are more than {MAX_TOPICS}")
            wanted_topics = {
                name: json.dumps(topic, sort_keys=True) for name, topic in topics.items()
            }
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise BadRequestError("what was sent is no list of open topics") from None
        before, self._subscriptions = self._subscriptions, {}
        for name, text in wanted_topics.items():
            previous = before.get(name)
            same = previous is not None and previous[0] == text
            self._subscriptions[name] = (
                previous
                if previous and same
                else (text, OpenSubscription(self._manager, topics[name]))
            )

    @property
    def has_topics(self) -> bool:
        """Whether the page has anything open."""
        return bool(self._subscriptions)

    def poll(self) -> list[str]:
        """Return the encoded messages of topics that have any; those that waited longest first."""
        begin, texts = time.monotonic(), list[str]()
        for name, entry in list(self._subscriptions.items()):
            # The topic goes behind the others, so that each has its turn.
            del self._subscriptions[name]
            self._subscriptions[name] = entry
            message = entry[1].poll_message(name)
            if message is not None:
                texts.append(message)
            if time.monotonic() - begin > POLL_BUDGET_S:
                break
        return texts
