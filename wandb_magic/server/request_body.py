"""The schema of requests to a sweep; see `schemas`."""

from __future__ import annotations

from typing import Literal, TypedDict

Verb = Literal[
    "stop",
    "pause",
    "resume",
    "stop_run",
    "rerun",
    "resume_run",
    "rerun_failed",
    "set_agents",
    "set_count",
    "sync",
]


class RequestBody(TypedDict):
    """A request to a sweep; the verb determines which of the other fields are used.

    ``stop`` takes `drain`; ``stop_run``, ``rerun`` and ``resume_run`` take `run`; ``rerun_failed``
    takes `resume`, ``set_agents`` takes `agents`, ``set_count`` takes `count`; all other fields
    are null.
    """

    verb: Verb
    run: str | None
    drain: bool | None
    resume: bool | None
    agents: int | None
    count: int | None
