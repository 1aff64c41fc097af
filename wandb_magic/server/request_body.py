"""What people ask of a sweep over the wire; see `wire`."""

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
    """What a person asks of a sweep; which of the others it takes depends on the verb.

    ``stop`` takes `drain`; ``stop_run``, ``rerun`` and ``resume_run`` take `run`; ``rerun_failed``
    takes `resume`, ``set_agents`` takes `agents`, ``set_count`` takes `count`; the others are
    null.
    """

    verb: Verb
    run: str | None
    drain: bool | None
    resume: bool | None
    agents: int | None
    count: int | None
