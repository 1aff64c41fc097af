"""The open topics of one client, and the messages about them.

A topic that cannot be read, because its store is locked or its sweep does not exist (yet), is
retried: the client receives one message about the problem, and the complete state as soon as it
can be read. A topic that is expensive to poll is polled less often, so that no client takes more
than its share.
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

MAX_PROBLEM = 2000  # characters of a problem, which may quote the client
RETRY_S = 1.0
MAX_TOPICS = 500  # per client; one with many views has some dozens
POLL_BUDGET_S = 0.5  # per poll of a client's topics; the rest are polled next time
MAX_LOAD_FACTOR = 4.0  # a poll of one second is followed by a pause of at least three


class OpenSubscription:
    """One open topic of a client."""

    def __init__(self, manager: SweepManager, topic: object) -> None:
        self._manager = manager
        self._topic = topic
        self._subscription: Subscription | None = None
        self._next_poll = 0.0
        self._problem = ""

    def poll(self) -> Mapping[str, Any] | None:
        """Return a message without the topic's name, or None if nothing has changed.

        Any error is a problem of this topic only: the client's other topics continue.
        """
        begin = time.monotonic()
        if begin < self._next_poll:
            return None
        try:
            if self._subscription is None:
                self._subscription = open_subscription(self._manager, self._topic)
            message = self._subscription.poll()
        except (SweepError, OSError) as error:
            return self._on_failure(str(error))
        except Exception as error:  # noqa: BLE001 - a store may hold anything
            return self._on_failure(describe_unexpected(error), error)
        duration = time.monotonic() - begin
        self._next_poll = begin + max(self._subscription.min_interval, MAX_LOAD_FACTOR * duration)
        return message

    def poll_message(self, name: str) -> str | None:
        """Return the encoded message for the topic that the client calls `name`."""
        message = self.poll()
        if message is None:
            return None
        try:
            text = to_json({"to": name, **message})
        except Exception as error:  # noqa: BLE001 - as above
            problem_message = self._on_failure(describe_unexpected(error), error)
            return None if problem_message is None else to_json({"to": name, **problem_message})
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
    """One client; it is used by one thread at a time."""

    def __init__(self, manager: SweepManager) -> None:
        self._manager = manager
        self._subscriptions: dict[str, tuple[str, OpenSubscription]] = {}

    def set_topics(self, message: str | bytes) -> None:
        """Open the topics of a message (`schemas.Open`); topics already open continue.

        Raises
        ------
        BadRequestError
            If the message is malformed.
        """
        try:
            topics = json.loads(message)["open"]
            if len(topics) > MAX_TOPICS:
                raise BadRequestError(f"{len(topics)} open topics are more than {MAX_TOPICS}")
            encoded_topics = {
                name: json.dumps(topic, sort_keys=True) for name, topic in topics.items()
            }
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise BadRequestError("expected a list of open topics") from None
        before, self._subscriptions = self._subscriptions, {}
        for name, text in encoded_topics.items():
            previous = before.get(name)
            is_unchanged = previous is not None and previous[0] == text
            self._subscriptions[name] = (
                previous
                if previous and is_unchanged
                else (text, OpenSubscription(self._manager, topics[name]))
            )

    @property
    def has_topics(self) -> bool:
        """Whether the client has any topic open."""
        return bool(self._subscriptions)

    def poll(self) -> list[str]:
        """Return the encoded messages of changed topics; those that waited longest come first."""
        begin, texts = time.monotonic(), list[str]()
        for name, entry in list(self._subscriptions.items()):
            # Move the topic to the end, so that each gets its turn.
            del self._subscriptions[name]
            self._subscriptions[name] = entry
            message = entry[1].poll_message(name)
            if message is not None:
                texts.append(message)
            if time.monotonic() - begin > POLL_BUDGET_S:
                break
        return texts
